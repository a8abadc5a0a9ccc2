#include "harness/method/soak/drift.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstddef>

namespace pktbench::method {

namespace {

constexpr std::size_t kFewest = 8;
constexpr double kMostAlike = 0.95;  // of neighbours: more cannot be told from a drift

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Of each with the next; what a short series shows of it too little is added.
double correlation_of_neighbours(const std::vector<double>& residuals) {
  double squares = 0;
  double products = 0;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    squares += residuals[i] * residuals[i];
    if (i > 0) products += residuals[i] * residuals[i - 1];
  }
  if (squares <= 0) return 0;
  const auto n = static_cast<double>(residuals.size());
  return std::clamp(products / squares + 2 / n, 0.0, kMostAlike);
}

}  // namespace

std::optional<Slope> slope_of(const std::vector<double>& at_s, const std::vector<double>& values,
                              double confidence) {
  const std::size_t n = values.size();
  if (n < kFewest) return std::nullopt;
  const double time = mean_of(at_s);
  const double value = mean_of(values);
  double xx = 0;
  double xy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    xx += (at_s[i] - time) * (at_s[i] - time);
    xy += (at_s[i] - time) * (values[i] - value);
  }
  if (xx <= 0) return std::nullopt;
  Slope slope{xy / xx, 0, 0};
  std::vector<double> residuals;
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    residuals.push_back(values[i] - value - slope.per_s * (at_s[i] - time));
    squares += residuals.back() * residuals.back();
  }
  // As many independent values as neighbours that are alike stand for.
  const double alike = correlation_of_neighbours(residuals);
  const double inflation = (1 + alike) / (1 - alike);
  const double freedom = std::max(1.0, static_cast<double>(n) / inflation - 2);
  const double error = std::sqrt(squares / static_cast<double>(n - 2) / xx * inflation);
  const boost::math::students_t_distribution<double> student(freedom);
  const double reach = boost::math::quantile(student, (1 + confidence) / 2) * error;
  slope.low = slope.per_s - reach;
  slope.high = slope.per_s + reach;
  return slope;
}

}  // namespace pktbench::method
