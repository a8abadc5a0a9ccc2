#include "harness/method/search/search.hpp"

namespace pktbench::method {

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

}  // namespace pktbench::method
