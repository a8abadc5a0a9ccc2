#include "harness/measure/bootstrap.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace pktbench {

namespace {

using boost::math::binomial;
using boost::math::normal;

struct Atom {
  double value = 0;
  double probability = 0;
};

// P(the r-th smallest of n draws from n values is at most the k-th smallest value), ranks from 1.
double rank_at_most(std::size_t n, std::size_t r, std::size_t k) {
  if (k == n) return 1;
  const binomial at_most(static_cast<double>(n), static_cast<double>(k) / static_cast<double>(n));
  return boost::math::cdf(boost::math::complement(at_most, static_cast<double>(r - 1)));
}

// P(the two middle draws of n = 2m are the i-th and the j-th smallest value), i < j, ranks from 1:
// m draws are at most the i-th and one of them is it; the others are at least the j-th, likewise.
double middle_pair(std::size_t n, std::size_t i, std::size_t j, double choose) {
  const auto m = static_cast<double>(n) / 2;
  const auto power = [&](std::size_t count) {
    return std::pow(static_cast<double>(count) / static_cast<double>(n), m);
  };
  return choose * (power(i) - power(i - 1)) * (power(n - j + 1) - power(n - j));
}

// Every median that a resample of `sorted` can have, in rising order.
std::vector<Atom> resampled_medians(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  const bool odd = n % 2 != 0;
  const std::size_t rank = odd ? n / 2 + 1 : n / 2;
  const double choose = odd ? 0
                            : std::exp(std::lgamma(static_cast<double>(n) + 1) -
                                       2 * std::lgamma(static_cast<double>(n) / 2 + 1));
  std::vector<Atom> atoms;
  double below = 0;
  for (std::size_t i = 1; i <= n; ++i) {
    const double up_to = rank_at_most(n, rank, i);
    double left = up_to - below;
    below = up_to;
    for (std::size_t j = i + 1; !odd && j <= n; ++j) {
      const double p = middle_pair(n, i, j, choose);
      atoms.push_back({sorted[i - 1] + (sorted[j - 1] - sorted[i - 1]) / 2, p});
      left -= p;
    }
    atoms.push_back({sorted[i - 1], std::max(0.0, left)});
  }
  std::sort(atoms.begin(), atoms.end(),
            [](const Atom& a, const Atom& b) { return a.value < b.value; });
  return atoms;
}

double sorted_median(const std::vector<double>& v) {
  const std::size_t half = v.size() / 2;
  return v.size() % 2 ? v[half] : v[half - 1] + (v[half] - v[half - 1]) / 2;
}

// From the jackknife. Leaving out one value of a sorted sample gives one of at most three medians.
double acceleration_of(const std::vector<double>& sorted) {
  std::vector<double> medians;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    std::vector<double> rest = sorted;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    medians.push_back(sorted_median(rest));
  }
  double mean = 0;
  for (const double m : medians) mean += m / static_cast<double>(medians.size());
  double squares = 0;
  double cubes = 0;
  for (const double m : medians) {
    squares += (mean - m) * (mean - m);
    cubes += (mean - m) * (mean - m) * (mean - m);
  }
  const double scale = std::pow(squares, 1.5);
  return scale > 0 ? cubes / (6 * scale) : 0;
}

// Share of resamples below `value`, those equal to it counted half.
double mid_share(const std::vector<Atom>& atoms, double value) {
  double share = 0;
  for (const Atom& a : atoms)
    share += a.value < value ? a.probability : a.value == value ? a.probability / 2 : 0;
  return share;
}

double quantile_of(const std::vector<Atom>& atoms, double p) {
  double sum = 0;
  for (const Atom& a : atoms) {
    sum += a.probability;
    if (sum >= p) return a.value;
  }
  return atoms.back().value;
}

}  // namespace

std::optional<BcaInterval> bca_median_interval(std::vector<double> values, double confidence) {
  if (values.size() < 2 || values.size() > kMaxBootstrapValues) return std::nullopt;
  std::sort(values.begin(), values.end());
  if (values.front() == values.back()) return BcaInterval{values.front(), values.front(), 0, 0};
  const std::vector<Atom> atoms = resampled_medians(values);
  const normal standard;
  BcaInterval made;
  made.bias = boost::math::quantile(standard, mid_share(atoms, sorted_median(values)));
  made.acceleration = acceleration_of(values);
  const auto end = [&](double p) {
    const double z = made.bias + boost::math::quantile(standard, p);
    const double adjusted = made.bias + z / (1 - made.acceleration * z);
    return quantile_of(atoms, boost::math::cdf(standard, adjusted));
  };
  made.lo = end((1 - confidence) / 2);
  made.hi = end((1 + confidence) / 2);
  return made;
}

}  // namespace pktbench
