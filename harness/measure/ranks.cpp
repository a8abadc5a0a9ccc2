#include "harness/measure/ranks.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

namespace pktbench {

namespace {

struct Ranks {
  std::vector<std::size_t> doubled;  // twice the mean rank from 1, so that ties stay whole
  double tie_term = 0;               // sum of t³ - t over groups of t equal values
};

// Where the values are, the smallest first.
std::vector<std::size_t> order_of(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  return order;
}

Ranks rank(const std::vector<double>& values) {
  const std::vector<std::size_t> order = order_of(values);
  Ranks made;
  made.doubled.resize(values.size());
  for (std::size_t from = 0; from < order.size();) {
    std::size_t to = from;
    while (to < order.size() && values[order[to]] == values[order[from]]) ++to;
    for (std::size_t i = from; i < to; ++i) made.doubled[order[i]] = from + to + 1;
    const auto t = static_cast<double>(to - from);
    made.tie_term += t * t * t - t;
    from = to;
  }
  return made;
}

double two_sided_normal(double distance, double deviation) {
  if (deviation <= 0) return 1;
  const double z = std::max(0.0, distance - 0.5) / deviation;
  return std::min(1.0, 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z)));
}

// Of all subsets of 1..n+m with n members, the share whose ranks give a U of at least `u`.
double exact_upper_tail(std::size_t n, std::size_t m, std::size_t u) {
  const std::size_t most = n * m;
  // ways[i][s]: subsets of the ranks so far with i members that lie s above the smallest sum.
  std::vector<std::vector<double>> ways(n + 1, std::vector<double>(most + 1, 0));
  ways[0][0] = 1;
  for (std::size_t r = 1; r <= n + m; ++r)
    for (std::size_t i = std::min(r, n); i >= 1; --i) {
      const std::size_t above = r - i;  // what rank r adds as the i-th member
      if (above > m) continue;
      for (std::size_t s = above; s <= most; ++s) ways[i][s] += ways[i - 1][s - above];
    }
  const auto& all = ways[n];
  const double tail = std::accumulate(all.begin() + static_cast<std::ptrdiff_t>(u), all.end(), 0.0);
  return tail / std::accumulate(all.begin(), all.end(), 0.0);
}

// P(sum of a random subset of `ranks` = s), s from 0.
std::vector<double> subset_sums(const std::vector<std::size_t>& ranks) {
  std::vector<double> probability(std::accumulate(ranks.begin(), ranks.end(), std::size_t{0}) + 1,
                                  0);
  probability[0] = 1;
  std::size_t reach = 0;
  for (const std::size_t r : ranks) {
    reach += r;
    for (std::size_t s = reach + 1; s-- > 0;)
      probability[s] = (probability[s] + (s >= r ? probability[s - r] : 0)) / 2;
  }
  return probability;
}

}  // namespace

RankTest mann_whitney(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) return {};
  std::vector<double> both = a;
  both.insert(both.end(), b.begin(), b.end());
  const Ranks ranks = rank(both);
  const auto na = static_cast<double>(a.size());
  const auto nb = static_cast<double>(b.size());
  const auto doubled_sum = std::accumulate(
      ranks.doubled.begin(), ranks.doubled.begin() + static_cast<std::ptrdiff_t>(a.size()),
      std::size_t{0});
  RankTest made;
  made.statistic = static_cast<double>(doubled_sum) / 2 - na * (na + 1) / 2;
  const double larger = std::max(made.statistic, na * nb - made.statistic);
  made.exact = ranks.tie_term == 0 && a.size() <= kMaxExactRanks && b.size() <= kMaxExactRanks;
  if (made.exact) {
    const auto u = static_cast<std::size_t>(larger);
    made.p = std::min(1.0, 2 * exact_upper_tail(a.size(), b.size(), u));
  } else {
    const double n = na + nb;
    const double variance = na * nb / 12 * (n + 1 - ranks.tie_term / (n * (n - 1)));
    made.p = two_sided_normal(larger - na * nb / 2, std::sqrt(variance));
  }
  return made;
}

RankTest signed_rank(const std::vector<double>& differences) {
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (const double d : differences) {
    if (d == 0) continue;
    sizes.push_back(std::abs(d));
    positive.push_back(d > 0);
  }
  if (sizes.empty()) return {};
  const Ranks ranks = rank(sizes);
  std::size_t doubled = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (positive[i]) doubled += ranks.doubled[i];
  const std::size_t all = sizes.size() * (sizes.size() + 1);  // of the doubled ranks
  const std::size_t larger = std::max(doubled, all - doubled);
  RankTest made;
  made.statistic = static_cast<double>(doubled) / 2;
  made.exact = sizes.size() <= kMaxExactRanks;
  if (made.exact) {
    const std::vector<double> p = subset_sums(ranks.doubled);
    made.p = std::min(
        1.0, 2 * std::accumulate(p.begin() + static_cast<std::ptrdiff_t>(larger), p.end(), 0.0));
  } else {
    const auto n = static_cast<double>(sizes.size());
    const double variance = n * (n + 1) * (2 * n + 1) / 24 - ranks.tie_term / 48;
    const double distance = static_cast<double>(larger) / 2 - n * (n + 1) / 4;
    made.p = two_sided_normal(distance, std::sqrt(variance));
  }
  return made;
}

std::vector<double> signed_rank_distribution(std::size_t n) {
  std::vector<std::size_t> ranks(n);
  std::iota(ranks.begin(), ranks.end(), std::size_t{1});
  return subset_sums(ranks);
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p) {
  const std::vector<std::size_t> order = order_of(p);
  std::vector<double> adjusted(p.size());
  double least = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    least =
        std::min(least, p[order[i]] * static_cast<double>(p.size()) / static_cast<double>(i + 1));
    adjusted[order[i]] = least;
  }
  return adjusted;
}

}  // namespace pktbench
