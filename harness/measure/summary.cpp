#include "harness/measure/summary.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pktbench {

namespace {

constexpr double kTargetConfidence = 0.95;

// P(B = i) for B ~ Binomial(n, 1/2).
double binomial_half(std::size_t n, std::size_t i) {
  const auto size = static_cast<double>(n);
  const auto at = static_cast<double>(i);
  // Exact while 2^-n is a normal number.
  if (n <= 1000) {
    double p = std::ldexp(1.0, -static_cast<int>(n));
    for (std::size_t j = 0; j < i; ++j)
      p *= (size - static_cast<double>(j)) / (1.0 + static_cast<double>(j));
    return p;
  }
  return std::exp(std::lgamma(size + 1) - std::lgamma(at + 1) - std::lgamma(size - at + 1) -
                  size * std::log(2.0));
}

double median_of_sorted(const std::vector<double>& v) {
  const std::size_t half = v.size() / 2;
  return v.size() % 2 ? v[half] : v[half - 1] + (v[half] - v[half - 1]) / 2;
}

void add_reason(std::string& reasons, const std::string& reason) {
  if (!reasons.empty()) reasons += "; ";
  reasons += reason;
}

}  // namespace

OrderStatistics median_order_statistics(std::size_t n) {
  // The k-th smallest lies above the median when fewer than k values lie below it.
  double tail = binomial_half(n, 0);
  OrderStatistics best{1, 1 - 2 * tail};
  for (std::size_t k = 2; 2 * k <= n; ++k) {
    tail += binomial_half(n, k - 1);
    const double confidence = 1 - 2 * tail;
    if (confidence < kTargetConfidence) break;
    best = {k, confidence};
  }
  return best;
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

  if (s.n < 2) {
    add_reason(s.reason, "one value has no spread");
  } else if (*s.mean == 0) {
    add_reason(s.reason, "the spread relative to a mean of 0 does not exist");
  } else {
    double squares = 0;
    for (const double v : values) squares += (v - *s.mean) * (v - *s.mean);
    s.cov = std::sqrt(squares / (n - 1)) / *s.mean;
  }

  if (s.n < kMinValuesForInterval) {
    add_reason(s.reason, "an interval needs " + std::to_string(kMinValuesForInterval) +
                             " values, there are " + std::to_string(s.n));
  } else {
    const OrderStatistics order = median_order_statistics(s.n);
    s.ci95 = MedianInterval{values[order.k - 1], values[s.n - order.k], order.confidence};
  }
  return s;
}

}  // namespace pktbench
