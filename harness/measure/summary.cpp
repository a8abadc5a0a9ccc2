#include "harness/measure/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <numeric>

namespace pktbench {

namespace {

constexpr double kTargetConfidence = 0.95;

double median_of_sorted(const std::vector<double>& v) {
  const std::size_t half = v.size() / 2;
  return v.size() % 2 ? v[half] : v[half - 1] + (v[half] - v[half - 1]) / 2;
}

}  // namespace

OrderStatistics median_order_statistics(std::size_t n) {
  // The k-th smallest lies above the median when fewer than k values lie below it.
  const auto confidence = [n](std::size_t k) {
    const boost::math::binomial below(static_cast<double>(n), 0.5);
    return 1 - 2 * boost::math::cdf(below, static_cast<double>(k - 1));
  };
  OrderStatistics best{1, confidence(1)};
  for (std::size_t k = 2; 2 * k <= n; ++k) {
    const double next = confidence(k);
    if (next < kTargetConfidence) break;
    best = {k, next};
  }
  return best;
}

MedianInterval median_interval(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  const OrderStatistics order = median_order_statistics(n);
  const double lo = sorted[order.k - 1];
  const double hi = sorted[n - order.k];
  if (order.confidence <= kTargetConfidence)
    return {lo, hi, order.confidence, IntervalMethod::order_statistics};
  // The next pair inwards covers too little; how far to go towards it is their equation 2.4.
  const boost::math::binomial below(static_cast<double>(n), 0.5);
  const auto k = static_cast<double>(order.k);
  const auto size = static_cast<double>(n);
  const double step = 2 * boost::math::pdf(below, k);
  const double share = (order.confidence - kTargetConfidence) / step;
  const double inwards = (size - k) * share / (k + (size - 2 * k) * share);
  return {lo + inwards * (sorted[order.k] - lo), hi - inwards * (hi - sorted[n - order.k - 1]),
          kTargetConfidence, IntervalMethod::interpolated_order_statistics};
}

Summary summarize(std::vector<double> values) {
  Summary s;
  s.n = values.size();
  if (values.empty()) {
    s.reason = "no values";
    return s;
  }
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  s.median = median_of_sorted(values);
  s.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;

  std::vector<std::string> reasons;
  if (s.n < 2) {
    reasons.push_back("one value has no spread");
  } else if (*s.mean == 0) {
    reasons.push_back("the spread relative to a mean of 0 does not exist");
  } else {
    double squares = 0;
    for (const double v : values) squares += (v - *s.mean) * (v - *s.mean);
    s.cov = std::sqrt(squares / (n - 1)) / *s.mean;
  }

  if (s.n < kMinValuesForInterval) {
    reasons.push_back(
        fmt::format("an interval needs {} values, there are {}", kMinValuesForInterval, s.n));
  } else {
    s.ci95 = median_interval(values);
  }
  s.reason = fmt::format("{}", fmt::join(reasons, "; "));
  return s;
}

}  // namespace pktbench
