#include "harness/method/search/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/core/lookup.hpp"
#include "harness/measure/summary.hpp"
#include "harness/method/rounds.hpp"
#include "harness/method/search/first_guess.hpp"
#include "harness/method/search/loss_search.hpp"
#include "harness/method/search/search_round.hpp"
#include "harness/method/search/search_table.hpp"
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
        floor_share_(option<double>(options, "floor_share")),
        guesses_(*parse_guesses(option<std::string>(options, kGuess))) {
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
      c.guess = guess_of(c);
      if (!c.decided && c.goals.empty() && c.status == CaseStatus::disturbed)
        c.status = CaseStatus::invalid;
      c.limiter = limiter_of(c);
    }
  }

  // What another search of this case may begin with.
  std::optional<FirstGuess> find_guess(const CaseResult& c) const {
    const SearchRound first = round_of(c, 0);
    if (first.trials.empty()) return std::nullopt;
    const LossSearch search(rules(c, first, 0), first.trials);
    const auto found = search.capacity();
    if (!found) return std::nullopt;
    return FirstGuess{found->mean, found->deviation, search.max_pps(), false};
  }

 private:
  std::optional<FirstGuess> guess_of(const CaseResult& c) const {
    const FirstGuess* guess = find_in(guesses_, c.spec.id);
    if (!guess) return std::nullopt;
    FirstGuess made = *guess;
    const SearchRound first = round_of(c, 0);
    made.held = !first.trials.empty() && LossSearch(rules(c, first, 0), first.trials).guess_held();
    return made;
  }

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
    if (round == 0) {
      if (const FirstGuess* guess = find_in(guesses_, c.spec.id)) {
        rules.guess = Capacity{guess->mean_pps, guess->deviation_pps};
        if (!rules.max_pps) rules.max_pps = guess->max_pps;
      }
      return rules;
    }
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
  FirstGuesses guesses_;
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
                    "floor of loss; 0: none does"),
      text_option(kGuess, "",
                  "what earlier searches found, which none trusts: CASE = MEAN +- DEVIATION of "
                  "GREATEST; ...; `run --guess` writes it"),
      text_option(kGuessFrom, "", "the run that it is from")};
  made.insert(made.end(), trial_options().begin(), trial_options().end());
  return made;
}

std::string refuses_search(const Options& o) {
  if (const auto goals = parse_goals(option<std::string>(o, "goals"), rules_of_goals(o)); !goals)
    return goals.error().message;
  if (const auto guesses = parse_guesses(option<std::string>(o, kGuess)); !guesses)
    return guesses.error().message;
  if (option<double>(o, "duration_sum_s") < option<double>(o, "final_trial_s"))
    return "duration_sum_s is shorter than final_trial_s";
  const double max_pps = option<double>(o, "max_pps");
  return max_pps > 0 && max_pps <= option<double>(o, "min_pps") ? "max_pps is not above min_pps"
                                                                : "";
}

double floor_ratio(const LossFloor& floor) {
  return floor.offered > 0 ? static_cast<double>(floor.lost) / static_cast<double>(floor.offered)
                           : 0;
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

std::optional<FirstGuess> first_guess(const Options& options, const CaseResult& earlier) {
  return Search(options).find_guess(earlier);
}

const Fields<FirstGuess>& first_guess_fields() {
  using namespace notes;
  using G = FirstGuess;
  static const Fields<G> made(
      "", {{"mean_pps", &G::mean_pps, "Where the case began to lose frames.", unit("packets/s")},
           {"deviation_pps", &G::deviation_pps, "How far that varied.", unit("packets/s")},
           {"max_pps", &G::max_pps, "The greatest load there.", unit("packets/s")},
           {"held", &G::held,
            "The first search did not contradict it. Where it did, it went on without."}});
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
