#include "harness/method/reference_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>

#include "harness/core/lookup.hpp"
#include "harness/method/trial_options.hpp"

namespace pktbench::method {

namespace {

constexpr const char* kMax = "max";
constexpr double kProbeS = 0.1;  // of the trial that shows the line rate

// Coarser and shorter than those of a search whose result is one.
constexpr double kFinalTrialS = 0.3;
constexpr double kDurationSumS = 3;
constexpr double kWidth = 0.02;

Error no_load(const std::string& option, const std::string& word, const std::string& why) {
  return make_error(ErrorCode::invalid_input, "{}: \"{}\" {}; a load is 50%, 250000 or max", option,
                    word, why);
}

std::optional<double> whole_number(const std::string& text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_of_line_rate(const Options& options) {
  return options.contains("loads_of") && option<std::string>(options, "loads_of") != "pdr";
}

}  // namespace

Result<std::vector<WantedLoad>> parse_loads(const std::string& text, double greatest,
                                            const std::string& option) {
  std::vector<std::string> words;
  boost::algorithm::split(words, text, boost::algorithm::is_any_of(","));
  std::vector<WantedLoad> loads;
  for (std::string& word : words) {
    boost::algorithm::trim(word);
    const bool is_share = word.ends_with('%');
    WantedLoad load{word, std::nullopt, std::nullopt};
    if (word != kMax) {
      const auto value = whole_number(is_share ? word.substr(0, word.size() - 1) : word);
      if (!value) return no_load(option, word, "is no share, no number of packets/s and not max");
      if (!(*value > 0 && *value <= 1e12))
        return no_load(option, word, "is no load that can be offered");
      if (is_share && *value > greatest * 100)
        return no_load(option, word, fmt::format("is above {:g}%", greatest * 100));
      (is_share ? load.share : load.pps) = is_share ? *value / 100 : *value;
    }
    if (contains(loads, load.name, &WantedLoad::name))
      return no_load(option, word, "is there twice");
    loads.push_back(load);
  }
  return loads;
}

std::optional<double> rate_of(const WantedLoad& load, const std::optional<double>& reference) {
  return load.share ? *load.share * *reference : load.pps;
}

std::vector<OptionSpec> pdr_options() {
  return {number_option("pdr_pps", 0.0, 0, 1e12,
                        "packets/s; the partial drop rate where it is known; 0: a short search "
                        "finds it first, on the same session"),
          number_option("pdr_loss", 0.005, 0, 0.5, "share of the frames that the PDR may lose"),
          number_option("pdr_limit_s", 60.0, 1, 86'400, "seconds that this search may take")};
}

std::vector<OptionSpec> reference_options() {
  std::vector<OptionSpec> made = {
      choice_option("loads_of", {"pdr", "line-rate"},
                    "what loads in percent are shares of: the partial drop rate, or the line "
                    "rate, without a line what the generator offers")};
  for (OptionSpec& more : pdr_options()) made.push_back(std::move(more));
  return made;
}

std::vector<const TrialRecord*> trials_after(const ReferenceState& reference, const CaseResult& c,
                                             int round) {
  std::vector<const TrialRecord*> made;
  for (const TrialRecord& trial : c.trials)
    if (trial.round == round) made.push_back(&trial);
  const std::size_t its = round == 0 ? std::min(reference.trials, made.size()) : 0;
  made.erase(made.begin(), made.begin() + static_cast<std::ptrdiff_t>(its));
  return made;
}

ReferenceLoad::ReferenceLoad(const Options& options, double warmup_s)
    : kind_(is_of_line_rate(options)                 ? Kind::line_rate
            : option<double>(options, "pdr_pps") > 0 ? Kind::given
                                                     : Kind::searched),
      plan_(rules_of(options)),
      goal_{"PDR", option<double>(options, "pdr_loss"), 0.5, kFinalTrialS, kDurationSumS, kWidth},
      given_pps_(option<double>(options, "pdr_pps")),
      limit_s_(option<double>(options, "pdr_limit_s")),
      max_repeats_(static_cast<int>(option<std::int64_t>(options, "max_repeats"))) {
  plan_.warmup_s = warmup_s;
}

ReferenceState ReferenceLoad::of(const CaseResult& so_far, int round) const {
  SearchRound made;
  std::optional<NextTrial> trial = next(made);
  for (const TrialRecord& t : so_far.trials) {
    if (t.round != round) continue;
    if (!trial) break;
    made.add(t);
    trial = next(made);
  }
  ReferenceState state;
  state.trials = made.made;
  if (trial) {
    state.next = Step{plan_, made.made > 0 ? Start::kept : Start::anew, false};
    state.next->plan.rate_pps = trial->load;
    state.next->plan.duration_s = trial->duration_s;
    return state;
  }
  state.found = find(made);
  state.found.round = round;
  state.found.trials = made.trials.size();
  state.found.seconds = made.seconds();
  return state;
}

SearchRules ReferenceLoad::rules(const SearchRound& made) const {
  SearchRules rules{{goal_}, {}, made.line_rate_pps, limit_s_};
  return rules;
}

std::optional<NextTrial> ReferenceLoad::next(const SearchRound& made) const {
  if (kind_ == Kind::given || made.broken || made.disturbed_in_a_row > max_repeats_)
    return std::nullopt;
  if (kind_ == Kind::searched) return LossSearch(rules(made), made.trials).next();
  if (!made.trials.empty()) return std::nullopt;
  return NextTrial{std::nullopt, kProbeS};
}

LoadReference ReferenceLoad::find(const SearchRound& made) const {
  const bool cut_off = made.disturbed_in_a_row > max_repeats_;
  LoadReference found;
  found.what = kind_ == Kind::given       ? "given"
               : kind_ == Kind::line_rate ? "line rate"
                                          : fmt::format("PDR {:g}%", goal_.loss_ratio * 100);
  if (kind_ == Kind::given) {
    found.pps = given_pps_;
  } else if (kind_ == Kind::searched) {
    const GoalFinding goal = LossSearch(rules(made), made.trials).find(goal_);
    found.pps = goal.lower_pps;
    found.upper_pps = goal.upper_pps;
    found.reason = goal.reason;
    // A load to be near is better than none, as long as it says what it is.
    if (!found.pps && (cut_off || goal.reason == kEndedEarly)) {
      found.pps = LossSearch(rules(made), made.trials).roughly(goal_);
      found.rough = found.pps.has_value();
    }
  } else if (made.line_rate_pps) {
    found.pps = made.line_rate_pps;
  } else if (!made.trials.empty()) {
    found.what = "generator";
    found.pps = made.trials.front().load;
  }
  if (made.broken) {
    found.pps.reset();
    found.rough = false;
    found.reason = kBroken;
  } else if (cut_off && (!found.reason.empty() || !found.pps)) {
    found.reason = kDisturbed;
  }
  found.regular = found.reason.empty();
  return found;
}

void judge_loads(const ReferenceState& reference, bool any, CaseResult& c) {
  if (c.decided) return;
  const LoadReference& found = reference.found;
  if (!reference.next && !found.what.empty() && !found.pps && !c.trials.empty()) {
    c.status = CaseStatus::invalid;
    c.reason = fmt::format(
        "no {} was found that loads could be shares of: {}; give pdr_pps, or a greater pdr_loss",
        found.what, found.reason);
  } else if (c.status == CaseStatus::disturbed) {
    c.status = CaseStatus::invalid;  // no load has a figure
  } else if (c.status == CaseStatus::ok && !any) {
    c.status = CaseStatus::interrupted;
    c.reason = "interrupted before its first load was measured";
  }
}

Start start_in(const CaseResult& so_far, int round) {
  return contains(so_far.trials, round, &TrialRecord::round) ? Start::kept : Start::anew;
}

const Fields<LoadReference>& reference_fields() {
  using namespace notes;
  using R = LoadReference;
  static const Fields<R> made(
      "",
      {{"round", &R::round, "Whose loads are shares of it, from 0."},
       {"what", &R::what,
        "`PDR 0.5%`: the partial drop rate at that loss, found by a short search; `given`: by "
        "the scenario; `line "
        "rate`; `generator`: what it offered where there is no line."},
       {"pps", &R::pps, "The load that is 100%.", unit("packets/s"), null_is_a_value},
       {"upper_pps", &R::upper_pps, "Of a PDR the lowest load that lost more.", unit("packets/s"),
        null_is_a_value},
       {"regular", &R::regular,
        "Where not, `pps` is the least that it can be, or, where it is `rough`, about what it is."},
       {"rough", &R::rough,
        "The search was disturbed or out of time before it had a bound: `pps` is the highest "
        "load at which most trials were good or, without one, where frames seemed to begin to "
        "be lost.",
        older_lack_it},
       {"reason", &R::reason, "Why it is not regular; null where it is.", null_is_a_value},
       {"trials", &R::trials, "That were made for it: the first ok ones of the round."},
       {"seconds", &R::seconds, "That they took, overhead included.", unit("s")}});
  return made;
}

}  // namespace pktbench::method
