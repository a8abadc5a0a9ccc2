#include "harness/measure/between_runs.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <numbers>

#include "harness/measure/summary.hpp"

namespace pktbench {

namespace {

constexpr double kRunsConfidence = 0.95;
constexpr double kRunsPower = 0.8;  // four times out of five
// Of equal medians: an interval of no width would call anything a change.
constexpr double kLeastSpread = 1e-6;

std::vector<double> logs_of(const std::vector<Draw>& draws) {
  std::vector<double> made;
  for (const Draw& draw : draws) made.push_back(std::log(draw.median));
  return made;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double squares_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum;
}

bool above_0(const std::vector<Draw>& draws) {
  return std::ranges::all_of(draws, [](const Draw& draw) { return draw.median > 0; });
}

Error no_ratio() {
  return make_error(ErrorCode::unsupported, "a value of 0 has no ratio to another");
}

// Of `change` with this error, of logarithms.
void fill(double change, BetweenRuns& made) {
  const boost::math::students_t student(made.freedom);
  const double half = quantile(student, (1 + kRunsConfidence) / 2) * made.error;
  made.ratio = std::exp(change);
  made.lo = std::exp(change - half);
  made.hi = std::exp(change + half);
  made.confidence = kRunsConfidence;
  made.p = std::min(1.0, 2 * cdf(complement(student, std::abs(change) / made.error)));
}

double seen(double error, double freedom, const CompareRules& rules) {
  const boost::math::students_t student(freedom);
  const double half = quantile(student, (1 + kRunsConfidence) / 2) * error;
  // What the interval asks for, and what p does.
  const double least =
      std::max(std::log1p(rules.min_effect) + half, quantile(student, 1 - rules.alpha / 2) * error);
  return std::expm1(least + quantile(student, kRunsPower) * error);
}

std::optional<std::size_t> least_runs(double change, const CompareRules& rules,
                                      const std::function<std::pair<double, double>(double)>& of) {
  for (std::size_t n = 2; n <= kMostRuns; ++n) {
    const auto [error, freedom] = of(static_cast<double>(n));
    if (freedom >= 1 && seen(error, freedom, rules) <= change) return n;
  }
  return std::nullopt;
}

}  // namespace

Draw draw_of(const std::vector<double>& values) {
  std::vector<double> logs;
  for (const double value : values) logs.push_back(std::log(value));
  const auto n = static_cast<double>(values.size());
  return {*summarize(values).median, n > 1 ? std::sqrt(squares_of(logs) / (n - 1)) : 0,
          values.size()};
}

// The variance of a median is that of the mean times pi/2, for many values; less for few.
double noise_of_trials(const std::vector<Draw>& draws) {
  double sum = 0;
  for (const Draw& draw : draws)
    sum += std::numbers::pi / 2 * draw.sd * draw.sd / static_cast<double>(draw.trials);
  return draws.empty() ? 0 : std::sqrt(sum / static_cast<double>(draws.size()));
}

Result<BetweenRuns> between_runs(const std::vector<Draw>& base, const std::vector<Draw>& next) {
  if (base.empty() || next.empty())
    return make_error(ErrorCode::unsupported, "one side has no run");
  if (!above_0(base) || !above_0(next)) return no_ratio();
  if (base.size() == 1 && next.size() == 1)
    return make_error(
        ErrorCode::unsupported,
        "one run a side says nothing of how much runs differ that should be the same");
  const std::vector<double> a = logs_of(base);
  const std::vector<double> b = logs_of(next);
  BetweenRuns made;
  made.base = base.size();
  made.next = next.size();
  made.freedom = static_cast<double>(a.size() + b.size() - 2);
  std::vector<Draw> all = base;
  all.insert(all.end(), next.begin(), next.end());
  made.spread = std::max({std::sqrt((squares_of(a) + squares_of(b)) / made.freedom),
                          noise_of_trials(all), kLeastSpread});
  made.error = made.spread *
               std::sqrt(1 / static_cast<double>(a.size()) + 1 / static_cast<double>(b.size()));
  fill(mean_of(b) - mean_of(a), made);
  return made;
}

Result<BetweenRuns> between_paired_runs(const std::vector<Draw>& base,
                                        const std::vector<Draw>& next) {
  if (!above_0(base) || !above_0(next)) return no_ratio();
  if (base.size() < 2)
    return make_error(ErrorCode::unsupported, "a comparison needs 2 runs of either side");
  const std::vector<double> a = logs_of(base);
  const std::vector<double> b = logs_of(next);
  std::vector<double> changes;
  for (std::size_t i = 0; i < a.size(); ++i) changes.push_back(b[i] - a[i]);
  const auto n = static_cast<double>(changes.size());
  BetweenRuns made;
  made.base = made.next = changes.size();
  made.freedom = n - 1;
  const double noise = std::hypot(noise_of_trials(base), noise_of_trials(next));
  const double spread =
      std::max({std::sqrt(squares_of(changes) / made.freedom), noise, kLeastSpread});
  made.spread = spread / std::numbers::sqrt2;  // of one of the two
  made.error = spread / std::sqrt(n);
  fill(mean_of(changes), made);
  return made;
}

double smallest_change(const BetweenRuns& found, const CompareRules& rules) {
  return seen(found.error, found.freedom, rules);
}

std::optional<std::size_t> runs_needed(double spread, double change, const CompareRules& rules) {
  return least_runs(change, rules,
                    [spread](double n) { return std::pair(spread * std::sqrt(2 / n), 2 * n - 2); });
}

std::optional<std::size_t> runs_needed_against(std::size_t base, double spread, double change,
                                               const CompareRules& rules) {
  const auto had = static_cast<double>(base);
  return least_runs(change, rules, [spread, had](double n) {
    return std::pair(spread * std::sqrt(1 / n + 1 / had), n + had - 2);
  });
}

}  // namespace pktbench
