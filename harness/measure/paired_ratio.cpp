#include "harness/measure/paired_ratio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "harness/core/bounds.hpp"
#include "harness/measure/summary.hpp"
#include "harness/text/numbers.hpp"

namespace pktbench {

namespace {

constexpr double kConfidence = 0.95;
// Of 100 such changes 80 are found, by simulation: the statistic is coarser than the t it is taken
// for.
constexpr double kPower = 0.85;

// Of anything that was measured twice. The interval's ends stay finite, however they are combined.
constexpr double kMaxRatio = 1e9;

double normal_quantile(double p) { return boost::math::quantile(boost::math::normal(), p); }

// Which of the means of all two enclose the shift of n differences: the k-th smallest and the k-th
// largest.
OrderStatistics walsh_order_statistics(std::size_t n) {
  if (n > kMaxExactRanks) {
    const auto size = static_cast<double>(n);
    const double mean = size * (size + 1) / 4;
    const double deviation = std::sqrt(size * (size + 1) * (2 * size + 1) / 24);
    const double k = mean + 0.5 - normal_quantile((1 + kConfidence) / 2) * deviation;
    return {static_cast<std::size_t>(std::max(1.0, std::floor(k))), kConfidence};
  }
  const std::vector<double> p = signed_rank_distribution(n);
  OrderStatistics best{1, 1 - 2 * p[0]};
  double tail = p[0];
  for (std::size_t k = 2; k < p.size(); ++k) {
    tail += p[k - 1];
    if (1 - 2 * tail < kConfidence) break;
    best = {k, 1 - 2 * tail};
  }
  return best;
}

}  // namespace

Result<PairedRatio> paired_ratio(const std::vector<double>& base, const std::vector<double>& next) {
  const std::size_t n = base.size();
  if (n < kMinPairs)
    return make_error(ErrorCode::unsupported, "a comparison needs {} pairs, there {}{}", kMinPairs,
                      n == 1 ? "is " : "are ", n);
  if (n > kMaxPairs)
    return make_error(ErrorCode::unsupported, "more than {} pairs are not compared, there are {}",
                      kMaxPairs, n);
  std::vector<double> ratios(n);
  std::vector<double> logs(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (base[i] <= 0 || next[i] <= 0)
      return make_error(ErrorCode::unsupported, "a value of 0 has no ratio to another");
    ratios[i] = next[i] / base[i];
    if (!inside(ratios[i], {1 / kMaxRatio, kMaxRatio}))
      return make_error(ErrorCode::unsupported,
                        "the two values of a pair are more than a billion times apart");
    logs[i] = std::log(next[i]) - std::log(base[i]);
  }
  std::vector<double> means;
  means.reserve(n * (n + 1) / 2);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i; j < n; ++j) means.push_back((logs[i] + logs[j]) / 2);
  const OrderStatistics order = walsh_order_statistics(n);
  // Of a million means or so: three of them are looked for, and the rest stays as it is.
  const auto smallest = [&means](std::size_t k) {
    const auto it = means.begin() + static_cast<std::ptrdiff_t>(k);
    std::nth_element(means.begin(), it, means.end());
    return *it;
  };
  const std::size_t half = means.size() / 2;

  PairedRatio made;
  made.pairs = n;
  made.ratio =
      std::exp(means.size() % 2 ? smallest(half) : (smallest(half - 1) + smallest(half)) / 2);
  made.lo = std::exp(smallest(order.k - 1));
  made.hi = std::exp(smallest(means.size() - order.k));
  made.confidence = order.confidence;
  made.p = signed_rank(logs).p;
  made.mann_whitney = mann_whitney(next, base);
  made.median_ratio = *summarize(std::move(ratios)).median;
  return made;
}

double smallest_change(const PairedRatio& found, const CompareRules& rules) {
  // Student's t stands in for the signed-rank statistic, and allows for a deviation known from few.
  const boost::math::students_t student(static_cast<double>(found.pairs - 1));
  const double half = (std::log(found.hi) - std::log(found.lo)) / 2;
  const double deviation = half / quantile(student, (1 + found.confidence) / 2);
  // What the interval asks for, and what p does.
  const double least = std::max(std::log1p(rules.min_effect) + half,
                                quantile(student, 1 - rules.alpha / 2) * deviation);
  return std::expm1(least + quantile(student, kPower) * deviation);
}

Judgement judge(const PairedRatio& found, double adjusted_p, Better better,
                const CompareRules& rules) {
  return judge(found, adjusted_p, smallest_change(found, rules), "trials", better, rules);
}

Judgement judge(const Change& found, double adjusted_p, double seen, const std::string& more,
                Better better, const CompareRules& rules) {
  const bool above = found.lo > 1 + rules.min_effect;
  const bool below = found.hi < 1 - rules.min_effect;
  if (above || below) {
    const std::string p = fmt::format("{:.2g}", adjusted_p);
    if (adjusted_p >= rules.alpha)
      return {Verdict::inconclusive,
              "the interval shows a change, but p = " + p +
                  " after adjustment for all comparisons is too large: make more " + more};
    const bool worse = above == (better == Better::lower);
    return {worse ? Verdict::regression : Verdict::improvement,
            "the whole interval lies more than " + fine_percent(rules.min_effect) +
                (above ? " above" : " below") + " the base, p = " + p};
  }
  if (seen > rules.must_see)
    return {Verdict::inconclusive, "changes below " + fine_percent(seen) +
                                       " would not be seen, and " + fine_percent(rules.must_see) +
                                       " must be: make more or steadier " + more};
  return {Verdict::no_change, "none of " + fine_percent(seen) + " or more"};
}

}  // namespace pktbench
