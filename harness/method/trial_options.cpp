#include "harness/method/trial_options.hpp"

namespace pktbench::method {

const std::vector<OptionSpec>& trial_options() {
  static const TrialPlan kPlan;
  static const std::vector<OptionSpec> kOptions = {
      number_option("tolerance_packets", kPlan.tolerance_packets, 0, 1e12,
                    "packets that a valid trial may leave unaccounted"),
      number_option("max_disturbance", kPlan.max_disturbance, 0, 1,
                    "share of a DUT's CPU that others may use in a valid trial"),
      number_option("max_cpu_distance_change", kPlan.max_cpu_distance_change, 0, 1000,
                    "how many times the distance of the generator's and the DUT's CPU may grow or "
                    "shrink inside a valid trial's window; 0: any"),
      number_option("max_overrun", kPlan.max_overrun, 0, 1000,
                    "how much longer than duration_s a valid trial's window may be, relative; 50 "
                    "ms are always allowed"),
      number_option("max_unsent", kPlan.max_unsent, 0, 1,
                    "share of the frames due that a valid trial may leave unsent while others use "
                    "the generator's CPU"),
      number_option("max_repeats", 3, 0, 1000, "how often a disturbed trial is made again"),
      number_option("seed", 0, 0, 4'294'967'295,
                    "of the order inside each round; 0: drawn for each run, and recorded")};
  return kOptions;
}

TrialPlan rules_of(const Options& options) {
  TrialPlan plan;
  plan.tolerance_packets =
      static_cast<std::uint64_t>(option<std::int64_t>(options, "tolerance_packets"));
  plan.max_disturbance = option<double>(options, "max_disturbance");
  plan.max_cpu_distance_change = option<double>(options, "max_cpu_distance_change");
  plan.max_overrun = option<double>(options, "max_overrun");
  plan.max_unsent = option<double>(options, "max_unsent");
  return plan;
}

}  // namespace pktbench::method
