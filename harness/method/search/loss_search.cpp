#include "harness/method/search/loss_search.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace pktbench::method {

namespace {

constexpr double kShortS = 0.1;
constexpr int kShortTrials = 4;        // at the load they settle on
constexpr int kShortAtMost = 12;       // on the way there, too
constexpr double kAbove = 1.01;        // of the rate forwarded: a load that loses frames
constexpr double kSettled = 0.97;      // of a load forwarded there: near enough to the capacity
constexpr double kLikeDeviations = 4;  // of a guess that a short trial agrees with,
constexpr double kLike = 0.01;         // or relative
constexpr double kNearBelow = 0.9;     // of where the short trials settled: loads from there
constexpr double kNearAbove = 1.2;     // to there may speak of the capacity
constexpr int kTrialsOfQuota = 5;      // trials that make a load's classification, if they agree
constexpr double kFirst = 0.5;         // widths below the guess: the first lower bound
constexpr double kLeastStep = 0.2;     // widths below an upper bound
constexpr double kGreatestStep = 0.5;  // of a load
constexpr double kSame = 0.6;          // widths between loads that are one
constexpr double kBegun = 2;           // and where one is being classified
constexpr double kCoarse = 4;          // widths between loads of one trial each
constexpr int kAgainst = 2;            // classified loads that may contradict a guess
constexpr int kLate = 3;               // upper bounds without a lower one
constexpr double kSpareS = 1e-3;       // a window may be this much shorter than asked for
constexpr double kEpsilon = 1e-9;

bool loses(const LoadTrial& trial) { return trial.lost > 0; }

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// Whether a trial made a little above a guess lost what it should have.
bool is_like(const Capacity& guess, const LoadTrial& trial) {
  const double off = std::abs(trial.load * (1 - trial.lost) - guess.mean);
  return loses(trial) && off <= std::max(kLikeDeviations * guess.deviation, kLike * guess.mean);
}

// Loads that differ by the width of a goal.
double below(double load, double width) { return load * (1 - width); }
double over(double load, double width) { return load / (1 - width); }

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

LossSearch::LossSearch(SearchRules rules, const std::vector<LoadTrial>& trials)
    : rules_(std::move(rules)) {
  std::vector<double> overheads;
  for (const LoadTrial& trial : trials) {
    at_[trial.load].push_back(trial);
    spent_s_ += trial.effective_s;
    overheads.push_back(trial.effective_s - trial.duration_s);
  }
  overhead_s_ = median(std::move(overheads));
  if (rules_.guess && rules_.max_pps) {
    // One short trial tells a guess that is far off at once, loads that contradict it the others.
    if (!trials.empty() && (!is_like(*rules_.guess, trials.front()) || refutes(*rules_.guess)))
      rules_.guess.reset();
  } else {
    rules_.guess.reset();
  }
  if (trials.empty()) return;
  max_pps_ = rules_.max_pps.value_or(trials.front().load);
  look_for_capacity(trials);
}

bool LossSearch::refutes(const Capacity& guess) const {
  return std::ranges::any_of(
      rules_.goals, [&](const LossGoal& goal) { return bounds(goal, guess).against > kAgainst; });
}

std::optional<Capacity> LossSearch::capacity() const {
  return capacity_ && !refutes(*capacity_) ? capacity_ : std::nullopt;
}

void LossSearch::look_for_capacity(const std::vector<LoadTrial>& trials) {
  double near = 0;
  int made = 0;
  int shorts = 0;
  bool found_none = false;  // the first of them lost no frame: there is nothing to look for
  for (const LoadTrial& trial : trials) {
    if (rules_.guess || trial.duration_s > 2 * kShortS) continue;
    const bool at_most = trial.load >= max_pps_ * (1 - kEpsilon);
    if (shorts == 0 && !loses(trial) && !at_most) continue;  // a guess that was too low
    ++shorts;
    if (near == 0 || trial.lost > 1 - kSettled) {
      made = 0;
      near = trial.load * (1 - trial.lost) * kAbove;
    } else {
      ++made;
    }
    found_none = shorts == 1 && !loses(trial);
    if (found_none || shorts == kShortAtMost) break;
  }
  const bool enough = made >= kShortTrials || shorts == kShortAtMost || found_none;
  if (rules_.guess || near == 0) near = rules_.guess ? rules_.guess->mean : max_pps_;
  near = std::clamp(near, rules_.min_pps, max_pps_);
  if (!enough && !rules_.guess) {
    short_at_ = near;
    return;
  }
  std::vector<double> forwarded;
  std::vector<double> without_loss;
  if (rules_.guess)
    for (const double side : {-1, 1, -1, 1})
      forwarded.push_back(rules_.guess->mean + side * rules_.guess->deviation);
  for (const auto& [load, at] : at_) {
    if (load < kNearBelow * near || load > kNearAbove * near) continue;
    for (const LoadTrial& trial : at) {
      if (loses(trial))
        forwarded.push_back(load * (1 - trial.lost));
      else if (trial.unsent == 0)
        without_loss.push_back(load);
    }
  }
  capacity_ = fit_capacity(forwarded, without_loss);
}

LossSearch::Bounds LossSearch::bounds(const LossGoal& goal,
                                      const std::optional<Capacity>& capacity) const {
  Bounds b;
  const double guess = capacity ? capacity->mean / (1 - goal.loss_ratio) : 0;
  int loads_not_offered = 0;
  for (const auto& [load, trials] : at_) {
    const LoadClass is = classify(goal, trials);
    b.uppers += is == LoadClass::upper;
    b.lowers += is == LoadClass::lower;
    if (is == LoadClass::upper && !b.upper) b.upper = load;
    if (is == LoadClass::lower && !b.upper) b.lower = load;
    b.against +=
        (is == LoadClass::upper && load < guess) || (is == LoadClass::lower && load > guess);
    double good_s = 0;
    double bad_s = 0;
    std::ptrdiff_t not_offered = 0;
    double offered = 0;
    bool paused = false;
    for (const LoadTrial& trial : trials) {
      const TrialVerdict verdict = judge(goal, trial);
      good_s += verdict == TrialVerdict::good ? trial.effective_s : 0;
      bad_s += verdict == TrialVerdict::bad ? trial.effective_s : 0;
      if (verdict != TrialVerdict::not_offered) continue;
      ++not_offered;
      paused |= trial.held == HeldBy::pause;
      offered = std::max(offered, load * (1 - trial.unsent));
    }
    if (bad_s > good_s && !b.likely_upper) b.likely_upper = load;
    if (good_s >= bad_s && good_s > 0 && !b.likely_upper) b.likely_lower = load;
    if (is == LoadClass::undecided && not_offered > 1 &&
        2 * not_offered > static_cast<std::ptrdiff_t>(trials.size())) {
      if (!b.not_offered) {
        b.not_offered = load;
        b.offered = offered;
        b.paused = paused;
      }
      ++loads_not_offered;
    }
  }
  if (b.not_offered && b.lower && *b.not_offered < *b.lower) b.not_offered.reset();
  // A generator that varies offers less the next time: each step down is twice the one before.
  if (b.not_offered)
    b.offered = std::min(
        b.offered, below(*b.not_offered,
                         std::min(kGreatestStep, goal.width * std::exp2(loads_not_offered - 1))));
  return b;
}

bool LossSearch::is_done(const LossGoal& goal, const Bounds& b) const {
  const auto close = [&](double lower, double upper) {
    return upper - lower <= upper * goal.width * (1 + kEpsilon);
  };
  if (b.lower && b.upper) return close(*b.lower, *b.upper);
  if (b.lower)
    return *b.lower >= max_pps_ * (1 - kEpsilon) ||
           (b.not_offered && close(*b.lower, *b.not_offered));
  const auto least = b.upper ? b.upper : b.not_offered;
  return least && *least <= rules_.min_pps * (1 + kEpsilon);
}

// Of a goal that is not done.
NextTrial LossSearch::nominate(const LossGoal& goal, const Bounds& b) const {
  const double width = goal.width;
  double guess = capacity_ ? capacity_->mean / (1 - goal.loss_ratio) : 0;
  if (!capacity_ || b.against > kAgainst) {
    // One trial a load, until they say where to look.
    const double top = std::min(max_pps_, b.not_offered ? b.offered : max_pps_);
    if (!b.likely_upper && (!b.likely_lower || *b.likely_lower < below(top, width)))
      return {b.likely_lower ? std::min(2 * *b.likely_lower, top) : top, goal.final_trial_s};
    if (b.likely_upper && !b.likely_lower)
      return {std::max(*b.likely_upper / 2, rules_.min_pps), goal.final_trial_s};
    if (b.likely_upper && *b.likely_lower < below(*b.likely_upper, kCoarse * width))
      return {std::sqrt(*b.likely_lower * *b.likely_upper), goal.final_trial_s};
    guess = b.likely_upper ? std::sqrt(*b.likely_lower * *b.likely_upper) : top;
  }
  const double first = below(guess, kFirst * width);
  double wanted = over(first, width);
  const auto step = [&](int loads) {
    return std::min(kGreatestStep, width * std::exp2(std::max(loads - kAgainst - 1, 0)));
  };
  if (b.lower)
    wanted = over(*b.lower, b.upper ? width : step(b.lowers));
  else if (b.upper)
    wanted = std::clamp(first, below(*b.upper, step(b.uppers)),
                        below(*b.upper, std::max(kLeastStep * width, step(b.uppers) / 2)));
  else if (b.not_offered)
    wanted = std::min(wanted, b.offered);
  if (b.lower && b.upper) wanted = std::min(std::max(wanted, first), *b.upper);
  if (b.lower && b.upper && wanted < below(*b.upper, kCoarse * width))
    wanted = std::sqrt(*b.lower * *b.upper);
  if (b.lower && !b.upper && b.not_offered && wanted < below(*b.not_offered, kCoarse * width))
    wanted = std::sqrt(*b.lower * *b.not_offered);
  wanted = std::clamp(wanted, rules_.min_pps, max_pps_);
  return {begun(goal, b, wanted).value_or(wanted), full_duration(goal)};
}

// A load about to be classified serves as well as one near it.
std::optional<double> LossSearch::begun(const LossGoal& goal, const Bounds& b,
                                        double wanted) const {
  std::optional<double> best;
  for (const auto& [load, trials] : at_) {
    if ((b.lower && load <= *b.lower) || (b.upper && load >= *b.upper) ||
        (b.not_offered && load >= *b.not_offered))
      continue;
    const auto full = std::ranges::count_if(trials, [&](const LoadTrial& t) {
      return t.duration_s >= goal.final_trial_s * (1 - kEpsilon);
    });
    const double distance = std::abs(load / wanted - 1);
    if (full > 0 && distance <= (full > 1 ? kBegun : kSame) * goal.width &&
        (!best || distance < std::abs(*best / wanted - 1)))
      best = load;
  }
  return best;
}

// So that whole trials fill what a classification needs.
double LossSearch::full_duration(const LossGoal& goal) const {
  const double needed_s = goal.duration_sum_s * std::max(goal.exceed_ratio, 1 - goal.exceed_ratio);
  const double of_one = needed_s / kTrialsOfQuota - overhead_s_ + kSpareS;
  return std::max(goal.final_trial_s, of_one);
}

std::optional<NextTrial> LossSearch::next() const {
  if (at_.empty() && rules_.guess)
    return NextTrial{std::clamp(rules_.guess->mean * kAbove, rules_.min_pps, *rules_.max_pps),
                     kShortS};
  if (at_.empty()) return NextTrial{rules_.max_pps, kShortS};
  if (spent_s_ >= rules_.limit_s) return std::nullopt;
  if (short_at_) return NextTrial{*short_at_, kShortS};
  // A goal that a device which always loses may never reach waits for the others.
  std::optional<NextTrial> best;
  std::optional<NextTrial> late;
  for (const LossGoal& goal : rules_.goals) {
    const Bounds b = bounds(goal);
    if (is_done(goal, b)) continue;
    const NextTrial nominated = nominate(goal, b);
    std::optional<NextTrial>& chosen = b.uppers > kLate && !b.lower ? late : best;
    if (!chosen || *nominated.load < *chosen->load)
      chosen = nominated;
    else if (*nominated.load == *chosen->load)
      chosen->duration_s = std::max(chosen->duration_s, nominated.duration_s);
  }
  return best ? best : late;
}

std::optional<double> LossSearch::roughly(const LossGoal& goal) const {
  const Bounds b = bounds(goal);
  if (b.lower) return b.lower;
  if (b.likely_lower) return b.likely_lower;
  if (const auto known = capacity())
    return std::min(known->mean / (1 - goal.loss_ratio), b.upper.value_or(max_pps_));
  if (b.upper) return std::nullopt;  // nothing was good, down to there
  std::optional<double> forwarded;
  for (const auto& [load, trials] : at_)
    for (const LoadTrial& trial : trials)
      forwarded = std::max(forwarded.value_or(0), load * (1 - trial.unsent) * (1 - trial.lost));
  return forwarded.value_or(0) > 0 ? forwarded : std::nullopt;
}

GoalFinding LossSearch::find(const LossGoal& goal) const {
  const Bounds b = bounds(goal);
  GoalFinding found{b.lower, b.upper, std::nullopt, ""};
  if (b.lower) found.conditional_pps = conditional_throughput(goal, at_.at(*b.lower));
  if (at_.empty())
    found.reason = "no trial of it is ok";
  else if (!is_done(goal, b))
    found.reason = kEndedEarly;
  else if (!b.lower)
    found.reason = b.upper    ? kLeastLoad
                   : b.paused ? kPaused
                              : "the generator cannot offer any load";
  else if (!b.upper)
    found.reason = b.paused ? kPaused : b.not_offered ? kNotOffered : kGreatestLoad;
  return found;
}

}  // namespace pktbench::method
