#include "harness/method/search/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/core/lookup.hpp"
#include "harness/measure/summary.hpp"
#include "harness/method/rounds.hpp"
#include "harness/method/search/loss_search.hpp"
#include "harness/method/search/search_round.hpp"
#include "harness/method/trial_options.hpp"

namespace pktbench::method {

namespace {

LossGoal rules_of_goals(const Options& options) {
  return {"",
          0,
          option<double>(options, "exceed_ratio"),
          option<double>(options, "final_trial_s"),
          option<double>(options, "duration_sum_s"),
          option<double>(options, "width")};
}

class Search final : public Method {
 public:
  explicit Search(const Options& options)
      : plan_(rules_of(options)),
        goals_(*parse_goals(option<std::string>(options, "goals"), rules_of_goals(options))),
        searches_(static_cast<int>(option<std::int64_t>(options, "searches"))),
        max_repeats_(static_cast<int>(option<std::int64_t>(options, "max_repeats"))),
        min_pps_(option<double>(options, "min_pps")),
        max_pps_(option<double>(options, "max_pps")),
        limit_s_(option<double>(options, "limit_s")),
        floor_share_(option<double>(options, "floor_share")) {
    plan_.warmup_s = option<double>(options, "warmup_s");
  }

  int rounds() const override { return searches_; }

  std::optional<Step> next(const CaseResult& so_far, int round) const override {
    const TrialRecord* floor = nullptr;
    const SearchRound made = round_of(so_far, round, &floor);
    if (floor || made.broken || made.disturbed_in_a_row > max_repeats_) return std::nullopt;
    const LossSearch search(rules(so_far, made, round), made.trials);
    auto trial = search.next();
    if (!trial) trial = floor_trial(search, round);
    if (!trial) return std::nullopt;
    Step step{plan_, made.made > 0 ? Start::kept : Start::anew, false};
    step.plan.rate_pps = trial->load;
    step.plan.duration_s = trial->duration_s;
    return step;
  }

  // How many trials a search takes is known when it is over.
  std::size_t trials_left(const CaseResult& so_far) const override {
    std::size_t left = 0;
    for (int round = 0; round < searches_; ++round) left += next(so_far, round).has_value();
    return left;
  }

  void conclude(std::vector<CaseResult>& cases) const override {
    pktbench::conclude(cases);
    for (CaseResult& c : cases) {
      take_out_of_summary(c);
      c.goals.clear();
      c.metrics.clear();
      for (int round = 0; round < searches_; ++round) find(c, round);
      c.floor = floor_of(c);
      if (!c.decided && c.goals.empty() && c.status == CaseStatus::disturbed)
        c.status = CaseStatus::invalid;
      c.limiter = limiter_of(c);
    }
  }

 private:
  // The search of a round, without the trial after it that measures the floor of loss.
  SearchRound round_of(const CaseResult& c, int round, const TrialRecord** floor = nullptr) const {
    SearchRound made = search_round(c, round);
    if (floor_share_ == 0 || round != 0 || made.trials.empty()) return made;
    SearchRound before = made;
    before.trials.pop_back();
    if (before.trials.empty() || LossSearch(rules(c, before, round), before.trials).next())
      return made;
    if (floor)
      for (const TrialRecord& trial : c.trials)
        if (trial.round == round && trial.status == TrialStatus::ok) *floor = &trial;
    return before;
  }

  SearchRules rules(const CaseResult& c, const SearchRound& made, int round) const {
    SearchRules rules{goals_, min_pps_, made.line_rate_pps, limit_s_};
    if (max_pps_ > 0) rules.max_pps = max_pps_;
    if (round == 0) return rules;
    const SearchRound first = round_of(c, 0);
    const LossSearch search(this->rules(c, first, 0), first.trials);
    rules.guess = search.capacity();
    if (rules.guess && !rules.max_pps) rules.max_pps = search.max_pps();
    return rules;
  }

  // What is lost where nothing should be: a share of the least load that was found for a goal.
  std::optional<NextTrial> floor_trial(const LossSearch& search, int round) const {
    if (floor_share_ == 0 || round != 0) return std::nullopt;
    std::optional<double> least;
    double duration_s = 0;
    for (const LossGoal& goal : goals_) {
      const auto lower = search.find(goal).lower_pps;
      if (lower) least = std::min(*lower, least.value_or(*lower));
      duration_s = std::max(duration_s, goal.final_trial_s);
    }
    if (!least) return std::nullopt;
    return NextTrial{std::max(*least * floor_share_, min_pps_), duration_s};
  }

  // Where no load was low enough, by the trials at the lowest.
  LossFloor floor_of(const CaseResult& c) const {
    LossFloor floor;
    const auto add = [&](const TrialRecord& trial) {
      floor.load_pps = trial.target_pps.value_or(0);
      floor.offered += trial.offered.packets;
      floor.lost += lost_frames(trial);
    };
    const TrialRecord* measured = nullptr;
    round_of(c, 0, &measured);
    if (measured)
      add(*measured);
    else if (std::ranges::any_of(c.goals, [](const auto& g) { return g.reason == kLeastLoad; }))
      for (const TrialRecord& trial : c.trials)
        if (trial.status == TrialStatus::ok && trial.target_pps == min_pps_) add(trial);
    return floor;
  }

  void find(CaseResult& c, int round) const {
    const SearchRound made = round_of(c, round);
    if (made.trials.empty()) return;
    const LossSearch search(rules(c, made, round), made.trials);
    for (std::size_t i = 0; i < goals_.size(); ++i) {
      GoalFinding found = search.find(goals_[i]);
      if (made.broken) found.reason = kBroken;
      if (made.disturbed_in_a_row > max_repeats_ && !found.reason.empty())
        found.reason = kDisturbed;
      c.goals.push_back({goals_[i].name, goals_[i].loss_ratio, round, found.lower_pps,
                         found.upper_pps, found.conditional_pps, found.reason.empty(), found.reason,
                         made.trials.size(), made.seconds()});
      if (c.metrics.size() <= i) c.metrics.push_back({goals_[i].name, "packets/s", true, {}});
      if (found.reason.empty() && found.conditional_pps)
        c.metrics[i].by_round[std::to_string(round)] = *found.conditional_pps;
    }
  }

  static Limiter limiter_of(const CaseResult& c) {
    if (c.goals.empty()) return Limiter::unknown;
    for (const GoalResult& goal : c.goals) {
      if (goal.regular) continue;
      if (goal.reason == kNotOffered) return Limiter::generator;
      if (goal.reason == kPaused) return Limiter::link;
      if (goal.reason == kGreatestLoad)
        return c.trials.front().line_rate_pps ? Limiter::link : Limiter::generator;
      return Limiter::unknown;
    }
    return Limiter::dut;
  }

  TrialPlan plan_;
  std::vector<LossGoal> goals_;
  int searches_;
  int max_repeats_;
  double min_pps_;
  double max_pps_;
  double limit_s_;
  double floor_share_;
};

std::vector<OptionSpec> search_options() {
  const LossGoal kGoal;
  const SearchRules kRules;
  std::vector<OptionSpec> made = {
      text_option("goals", "NDR=0%, PDR=0.5%",
                  "names with the share of frames that may be lost; RFC2544: one trial of 60 s a "
                  "load, no frame lost"),
      number_option("searches", 3, 1, 1000, "of each case: they show how far the result varies"),
      number_option("warmup_s", 0.1, 0, 3600, "seconds of traffic before a trial's window"),
      number_option("exceed_ratio", kGoal.exceed_ratio, 0, 0.9,
                    "share of the time at a load that bad trials may have"),
      number_option("final_trial_s", kGoal.final_trial_s, 0.1, 3600,
                    "seconds; only trials that are not shorter speak for a load"),
      number_option("duration_sum_s", kGoal.duration_sum_s, 0.1, 86'400,
                    "seconds of trials at a load before it is classified for sure"),
      number_option("width", kGoal.width, 1e-4, 0.5, "between the bounds in the end, relative"),
      number_option("min_pps", kRules.min_pps, 1, 1e12, "packets/s; the least load"),
      number_option("max_pps", 0.0, 0, 1e12,
                    "packets/s; the greatest load; 0: the line rate or, without one, what the "
                    "generator offers"),
      number_option("limit_s", kRules.limit_s, 1, 86'400, "seconds that a search may take"),
      number_option("floor_share", 0.1, 0, 1,
                    "of the least load found, where a trial after the first search measures the "
                    "floor of loss; 0: none does")};
  made.insert(made.end(), trial_options().begin(), trial_options().end());
  return made;
}

std::string refuses_search(const Options& o) {
  if (const auto goals = parse_goals(option<std::string>(o, "goals"), rules_of_goals(o)); !goals)
    return goals.error().message;
  if (option<double>(o, "duration_sum_s") < option<double>(o, "final_trial_s"))
    return "duration_sum_s is shorter than final_trial_s";
  const double max_pps = option<double>(o, "max_pps");
  return max_pps > 0 && max_pps <= option<double>(o, "min_pps") ? "max_pps is not above min_pps"
                                                                : "";
}

// Of the searches of a case: of what of a goal, and where that is missing empty.
std::vector<double> of_goal(const CaseResult& c, const std::string& name,
                            std::optional<double> GoalResult::*value) {
  std::vector<double> values;
  for (const GoalResult& goal : c.goals)
    if (const auto& v = goal.*value; goal.name == name && v) values.push_back(*v / 1e6);
  return values;
}

bool all_regular(const CaseResult& c, const std::string& name) {
  return std::ranges::all_of(c.goals,
                             [&](const GoalResult& g) { return g.name != name || g.regular; });
}

std::string goal_rate_cell(const CaseResult& c, const std::string& name) {
  const auto median = summarize(of_goal(c, name, &GoalResult::conditional_pps)).median;
  if (!median) return "";
  return fmt::format("{}{:.3f}", all_regular(c, name) ? "" : "≥", *median);
}

// From the least lower bound to the greatest upper one.
std::string goal_bounds_cell(const CaseResult& c, const std::string& name) {
  const auto lower = of_goal(c, name, &GoalResult::lower_pps);
  const auto upper = of_goal(c, name, &GoalResult::upper_pps);
  if (lower.empty()) return "";
  const double least = std::ranges::min(lower);
  if (upper.empty() || !all_regular(c, name)) return fmt::format("{:.3f}–", least);
  return fmt::format("{:.3f}–{:.3f}", least, std::ranges::max(upper));
}

std::string search_trials_cell(const CaseResult& c) {
  std::set<int> rounds;
  std::vector<double> trials;
  for (const GoalResult& goal : c.goals)
    if (rounds.insert(goal.round).second) trials.push_back(static_cast<double>(goal.trials));
  const auto median = summarize(std::move(trials)).median;
  return median ? fmt::format("{:.0f}", *median) : "";
}

std::optional<double> line_rate_of(const CaseResult& c) {
  for (const TrialRecord& trial : c.trials)
    if (trial.line_rate_pps) return trial.line_rate_pps;
  return std::nullopt;
}

double floor_ratio(const LossFloor& floor) {
  return floor.offered > 0 ? static_cast<double>(floor.lost) / static_cast<double>(floor.offered)
                           : 0;
}

std::vector<ResultColumn> search_columns(const std::vector<CaseResult>& cases) {
  std::vector<ResultColumn> made;
  std::vector<std::string> names;
  for (const CaseResult& c : cases)
    for (const GoalResult& goal : c.goals)
      if (!contains(names, goal.name)) names.push_back(goal.name);
  for (const std::string& name : names) {
    made.push_back({.head = name + " Mpps",
                    .cell = [=](const CaseResult& c) { return goal_rate_cell(c, name); }});
    made.push_back({.head = "bounds", .leave_out = 6, .cell = [=](const CaseResult& c) {
                      return goal_bounds_cell(c, name);
                    }});
  }
  if (std::ranges::any_of(cases, [](const auto& c) { return line_rate_of(c).has_value(); }))
    made.push_back({.head = "line Mpps", .leave_out = 4, .cell = [](const CaseResult& c) {
                      const auto line = line_rate_of(c);
                      return line ? fmt::format("{:.3f}", *line / 1e6) : "";
                    }});
  made.push_back({.head = "trials", .leave_out = 3, .cell = search_trials_cell});
  return made;
}

void explain_search(const std::vector<CaseResult>& cases, Legend& legend) {
  std::set<int> rounds;
  std::set<std::string> reasons;
  std::set<std::string> goals;
  for (const CaseResult& c : cases)
    for (const GoalResult& goal : c.goals) {
      rounds.insert(goal.round);
      goals.insert(fmt::format("{} {:g}%", goal.name, goal.loss_ratio * 100));
      if (!goal.regular)
        reasons.insert(fmt::format("{} of {}: {}", goal.name, c.spec.id, goal.reason));
    }
  legend.add(fmt::format(
      "Frames lost at most: {}. Mpps: conditional throughput (RFC 9971), median of {} search{}; "
      "bounds: the least lower and the greatest upper.",
      fmt::join(goals, ", "), rounds.size(), rounds.size() == 1 ? "" : "es"));
  for (const std::string& reason : reasons) legend.add("Irregular, " + reason + ".");
  for (const CaseResult& c : cases)
    if (c.floor.lost > 0)
      legend.add(
          fmt::format("Floor of loss of {}: {:.2g}%, {} of {} frames at {:.3f} Mpps; what is "
                      "lost at any load is not the device's limit.",
                      c.spec.id, floor_ratio(c.floor) * 100, c.floor.lost, c.floor.offered,
                      c.floor.load_pps / 1e6));
}

}  // namespace

MethodType search_method() {
  return {.name = "search",
          .summary =
              "the highest loads that lose no more than given shares of the frames (NDR, "
              "PDR, RFC 2544)",
          .options = search_options(),
          .make = [](const Options& o) { return std::make_unique<const Search>(o); },
          .refuses = [](const Options& o, std::size_t) { return refuses_search(o); },
          .columns = search_columns,
          .explain = explain_search};
}

const Fields<GoalResult>& goal_fields() {
  using namespace notes;
  using G = GoalResult;
  static const Fields<G> made(
      "", {{"name", &G::name, "`NDR`, `PDR`, …: what the scenario calls it."},
           {"loss_ratio", &G::loss_ratio, "Of the frames intended, at most.", unit("0..1"),
            bounds(Bounds{0, 1})},
           {"round", &G::round, "Which of the searches, from 0."},
           {"lower_pps", &G::lower_pps, "The highest load with no more loss than that.",
            unit("packets/s"), null_is_a_value},
           {"upper_pps", &G::upper_pps, "The lowest load with more loss than that.",
            unit("packets/s"), null_is_a_value},
           {"conditional_pps", &G::conditional_pps,
            "Conditional throughput (RFC 9971): what is forwarded of `lower_pps`.",
            unit("packets/s"), null_is_a_value},
           {"regular", &G::regular,
            "Both bounds are there, as close as was asked for. Where not, `lower_pps` is the least "
            "that it can take."},
           {"reason", &G::reason, "Why it is not regular; null where it is.", null_is_a_value},
           {"trials", &G::trials, "Of the search: they count for all of its goals."},
           {"seconds", &G::seconds, "That they took, overhead included.", unit("s")}});
  return made;
}

const Fields<LossFloor>& loss_floor_fields() {
  using namespace notes;
  using F = LossFloor;
  static const Fields<F> made(
      "", {{"load_pps", &F::load_pps, "Offered.", unit("packets/s")},
           {"offered", &F::offered, "Frames at that load."},
           {"lost", &F::lost, "Of these."},
           {"loss_ratio", [](F& f) { return std::optional<double>(floor_ratio(f)); }, "Of them.",
            unit("0..1")}});
  return made;
}

}  // namespace pktbench::method
