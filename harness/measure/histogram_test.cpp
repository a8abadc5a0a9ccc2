#include "harness/measure/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "bpf/stamp.h"

namespace pktbench::measure {
namespace {

// Of a long tail, as delays have it.
std::vector<std::uint64_t> delays(std::size_t count) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> body(std::log(12e3), 1.6);
  std::vector<std::uint64_t> made(count);
  for (std::uint64_t& value : made)
    value = static_cast<std::uint64_t>(std::min(body(random), 1e10));
  return made;
}

TEST(Histogram, EveryPercentileOfTenMillionIsThatOfSorting) {
  std::vector<std::uint64_t> values = delays(10'000'000);
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  std::sort(values.begin(), values.end());
  ASSERT_EQ(histogram.count(), values.size());
  for (const double percent : {0.001, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 100.0}) {
    const auto rank = static_cast<std::size_t>(
        std::ceil(std::nextafter(percent, 0) / 100 * static_cast<double>(values.size())));
    const std::uint64_t exact = values[rank - 1];
    const std::uint64_t found = histogram.at_percentile(percent);
    // The bucket that the exact one lies in, by its highest value.
    EXPECT_EQ(pb_histogram_index(found), pb_histogram_index(exact)) << percent;
    EXPECT_GE(found, exact) << percent;
    EXPECT_LE(static_cast<double>(found - exact), 0.001 * static_cast<double>(exact) + 1)
        << percent;
  }
  EXPECT_EQ(pb_histogram_index(histogram.max()), pb_histogram_index(values.back()));
  EXPECT_EQ(pb_histogram_index(histogram.min()), pb_histogram_index(values.front()));
}

TEST(Histogram, ValuesBelow2048AreExactAndTheRestHasThreeDigits) {
  for (const std::uint64_t value : {0u, 1u, 1000u, 2047u}) {
    Histogram one;
    one.record(value);
    EXPECT_EQ(one.min(), value);
    EXPECT_EQ(one.max(), value);
  }
  for (std::uint64_t value = 2048; value < PB_HISTOGRAM_HIGHEST; value = value * 9 / 7) {
    Histogram one;
    one.record(value);
    EXPECT_LE(one.min(), value);
    EXPECT_GE(one.max(), value);
    EXPECT_LE(one.max() - one.min() + 1, value / 1000) << value;
    // The next value is in the same bucket or in the next one, which begins with it.
    Histogram next;
    next.record(one.max() + 1);
    EXPECT_EQ(next.min(), one.max() + 1);
  }
}

TEST(Histogram, AValueAboveTenSecondsIsCountedAsTenSeconds) {
  Histogram histogram;
  histogram.record(11'000'000'000);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(pb_histogram_index(histogram.max()), pb_histogram_index(PB_HISTOGRAM_HIGHEST));
}

TEST(Histogram, APercentageThatIsMetExactlyIsNotCarriedOn) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 1000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.at_percentile(0), 1u);
  EXPECT_EQ(histogram.at_percentile(50), 500u);
  EXPECT_EQ(histogram.at_percentile(99.9), 999u);
  EXPECT_EQ(histogram.at_percentile(99.91), 1000u);
  EXPECT_EQ(histogram.at_percentile(100), 1000u);
}

TEST(Histogram, TwoAddedAreOneOfBoth) {
  Histogram a;
  Histogram b;
  Histogram both;
  for (const std::uint64_t value : delays(1000)) {
    (value % 2 == 0 ? a : b).record(value);
    both.record(value);
  }
  a.add(b);
  EXPECT_EQ(a.count(), 1000u);
  EXPECT_EQ(a.encoded(), both.encoded());
}

TEST(Histogram, IsReadAsItWasEncoded) {
  for (const std::size_t count : {0u, 1u, 2u, 100'000u}) {
    Histogram histogram;
    for (const std::uint64_t value : delays(count)) histogram.record(value);
    const std::string text = histogram.encoded();
    EXPECT_TRUE(text.starts_with("HISTFA")) << text;
    const auto read = Histogram::decode(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->count(), count);
    EXPECT_EQ(read->encoded(), text);
  }
}

TEST(Histogram, CountsOfEverySizeAreReadAsTheyWereEncoded) {
  std::vector<std::uint64_t> counts;
  for (unsigned bits = 0; bits < 62; ++bits) {
    counts.push_back(std::uint64_t{1} << bits);
    counts.insert(counts.end(), bits, 0);
  }
  const Histogram histogram(counts);
  const auto read = Histogram::decode(histogram.encoded());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->count(), (std::uint64_t{1} << 62) - 1);
  EXPECT_EQ(read->encoded(), histogram.encoded());
}

TEST(Histogram, WhatIsNoHistogramIsRefused) {
  Histogram histogram;
  for (const std::uint64_t value : delays(1000)) histogram.record(value);
  const std::string text = histogram.encoded();
  std::vector<std::string> wrong = {"",
                                    "=",
                                    "====",
                                    "HIST",
                                    "not base64 at all!!!",
                                    "AAAA" + text,
                                    text + "AAAA",
                                    text.substr(0, 4)};
  for (std::size_t at = 0; at + 4 <= text.size(); at += 4) wrong.push_back(text.substr(0, at));
  for (const std::string& one : wrong) {
    const auto read = Histogram::decode(one);
    ASSERT_FALSE(read) << one;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_input);
  }
}

// Whatever a file holds: an error or a histogram, and no read outside.
TEST(Histogram, AnyChangedCharacterIsAnErrorOrAHistogram) {
  Histogram histogram;
  for (const std::uint64_t value : delays(200)) histogram.record(value);
  const std::string text = histogram.encoded();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at)
    for (const char other : {'A', '/', '!', '='}) {
      std::string changed = text;
      changed[at] = other;
      if (changed != text) refused += !Histogram::decode(changed);
    }
  EXPECT_GT(refused, text.size());
}

}  // namespace
}  // namespace pktbench::measure
