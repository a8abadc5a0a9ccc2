// What the loads of a method are shares of: the partial drop rate (PDR), found by a search on the
// round's open session before its loads, or given; or the line rate.
//
// The search is short, so that it takes seconds: it says where the loads are to be, and is no
// result to be compared. What it could not see an end of is passed on as such.
//
// Threads: none. Pure: an answer depends on the options and on the trials given.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/case_result.hpp"
#include "harness/core/field.hpp"
#include "harness/core/method.hpp"
#include "harness/core/options.hpp"
#include "harness/core/result.hpp"
#include "harness/method/search/loss_search.hpp"
#include "harness/method/search/search_round.hpp"

namespace pktbench::method {

// A load as a scenario writes it: "50%" of the reference, "250000" packets/s, or "max", as fast as
// possible (then it has neither).
struct WantedLoad {
  std::string name;
  std::optional<double> share;  // 0.5
  std::optional<double> pps;
};

// Of a reference: a load above it is to show what overload does.
inline constexpr double kGreatestShare = 2;

// "10%, 50%, 250000, max", each once. `greatest`: the share that none may exceed. Errors:
// `invalid_input`, with the name of the `option`.
Result<std::vector<WantedLoad>> parse_loads(const std::string& text, double greatest,
                                            const std::string& option = "loads");

// The rate to ask a trial for; none: as fast as possible. REQUIRES: `reference` where it is a
// share.
std::optional<double> rate_of(const WantedLoad& load, const std::optional<double>& reference);

// What a scenario says of the PDR, and of what loads are shares of: that or the line rate. REQUIRES
// of those who take them: trial_options(), too.
std::vector<OptionSpec> pdr_options();
std::vector<OptionSpec> reference_options();

struct ReferenceState {
  std::optional<Step> next;  // the trial to make for it; none: it is over
  std::size_t trials = 0;    // of the round's, the first, are its own
  LoadReference found;       // once it is over; of loads that are shares of nothing: no `what`
};

// The round's trials that are not the reference's, in the order they were made. Valid as long as
// the case's. `reference`: of round 0, as ReferenceLoad::of() says it.
std::vector<const TrialRecord*> trials_after(const ReferenceState& reference, const CaseResult& c,
                                             int round);

class ReferenceLoad {
 public:
  // Of a PDR, where the options have no loads_of. `warmup_s`: of its trials.
  ReferenceLoad(const Options& options, double warmup_s);

  // REQUIRES: the trials of `round` are in the order they were made, those of the reference first.
  ReferenceState of(const CaseResult& so_far, int round) const;

 private:
  enum class Kind { searched, given, line_rate };

  SearchRules rules(const SearchRound& made) const;
  std::optional<NextTrial> next(const SearchRound& made) const;
  LoadReference find(const SearchRound& made) const;

  Kind kind_;
  TrialPlan plan_;
  LossGoal goal_;
  double given_pps_;
  double limit_s_;
  int max_repeats_;
};

// The status of a case whose loads are shares of a reference, where the trials' own does not say
// it: there is none, or no load was measured (`any` is false). REQUIRES: conclude() of its trials
// was.
void judge_loads(const ReferenceState& reference, bool any, CaseResult& c);

// Loads of a round follow its reference on one session.
Start start_in(const CaseResult& so_far, int round);

// What is recorded of it.
const Fields<LoadReference>& reference_fields();

}  // namespace pktbench::method
