// For tests only: two accounts of one interval, compared on work of known length. A pair is one
// interval without the work and one with it; the account's difference is held against the work's
// own length. What disturbs a single pair does not move the median of several.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace pktbench::testing {

// Of one interval, per unit of work, all in the same unit.
struct Spent {
  double truth = 0;    // the work's own length
  double account = 0;  // what the account charged
};

inline constexpr int kPairs = 7;
inline constexpr double kAgreement = 0.05;

// `interval(work)` makes one interval with or without the work.
inline ::testing::AssertionResult agrees(const std::function<Spent(bool)>& interval) {
  std::vector<double> ratios;
  std::ostringstream all;
  for (int i = 0; i < kPairs; ++i) {
    // The order changes from pair to pair, so that drift favours neither.
    const bool first = i % 2 != 0;
    const Spent a = interval(first);
    const Spent b = interval(!first);
    const Spent& with = first ? a : b;
    const Spent& without = first ? b : a;
    ratios.push_back((with.account - without.account) / (with.truth - without.truth));
    all << " " << ratios.back();
  }
  std::nth_element(ratios.begin(), ratios.begin() + kPairs / 2, ratios.end());
  const double median = ratios[kPairs / 2];
  ::testing::Test::RecordProperty("account_over_truth", std::to_string(median));
  if (std::abs(median - 1) <= kAgreement) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "account / truth has the median " << median << ", of" << all.str();
}

}  // namespace pktbench::testing
