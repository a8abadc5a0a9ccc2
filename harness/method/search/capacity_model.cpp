#include "harness/method/search/capacity_model.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pktbench::method {

namespace {

constexpr int kSteps = 25;
constexpr double kLeastDeviation = 1e-5;  // relative

double density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }
double above(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

}  // namespace

std::optional<Capacity> fit_capacity(const std::vector<double>& forwarded,
                                     const std::vector<double>& without_loss) {
  if (forwarded.empty()) return std::nullopt;
  const auto all = static_cast<double>(forwarded.size() + without_loss.size());
  double sum = 0;
  for (const double value : forwarded) sum += value;
  Capacity c{sum / static_cast<double>(forwarded.size()), 0};
  double squares = 0;
  for (const double value : forwarded) squares += (value - c.mean) * (value - c.mean);
  const auto bounded = [&](double variance) {
    return std::max(std::sqrt(variance), kLeastDeviation * c.mean);
  };
  c.deviation = bounded(squares / static_cast<double>(forwarded.size()));
  for (int step = 0; step < kSteps && !without_loss.empty(); ++step) {
    // Each value that is known to be above a load stands for its mean and its variance there.
    std::vector<double> expected = forwarded;
    double variance = 0;
    for (const double load : without_loss) {
      const double z = (load - c.mean) / c.deviation;
      const double tail = above(z);
      const double ratio = tail > 1e-9 ? density(z) / tail : z;
      expected.push_back(c.mean + c.deviation * ratio);
      variance += c.deviation * c.deviation * std::max(0.0, 1 + z * ratio - ratio * ratio);
    }
    sum = 0;
    for (const double value : expected) sum += value;
    c.mean = sum / all;
    for (const double value : expected) variance += (value - c.mean) * (value - c.mean);
    c.deviation = bounded(variance / all);
  }
  return c;
}

}  // namespace pktbench::method
