#include "harness/method/validity.hpp"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <cmath>

#include "harness/method/returned.hpp"

namespace pktbench::method {

namespace {

// NTP slews a clock by 0.0005 at most; a tool that steers by more (chrony can) spoils every rate.
constexpr double kMaxClockError = 0.001;
constexpr double kClockReadingNs = 20'000;  // how far apart the readings of two clocks may lie

std::string percent(double share) {
  return std::to_string(std::lround(share * 1000) / 10) + "." +
         std::to_string(std::lround(share * 1000) % 10) + "%";
}

}  // namespace

void judge_trial(const TrialPlan& plan, const TrialFacts& facts, TrialRecord& r) {
  const LimiterEvidence evidence = limiter_evidence(r, facts.owners);
  r.limiter = judge_limiter(evidence);
  if (evidence.dut_busy) r.evidence["dut_busy"] = *evidence.dut_busy;
  if (evidence.generator_busy) r.evidence["generator_busy"] = *evidence.generator_busy;
  r.evidence["lost"] = evidence.lost;
  r.evidence["refused"] = evidence.refused;
  if (evidence.generator_cpu_for_dut > 0)
    r.evidence["generator_cpu_for_dut"] = evidence.generator_cpu_for_dut;
  if (r.received.packets)
    r.evidence["received_after_window"] =
        static_cast<double>(r.received.packets - std::min(r.received.packets, facts.in_window)) /
        static_cast<double>(r.received.packets);
  const Disturbance disturbance = worst_disturbance(r.cpus, facts.owners);
  if (disturbance.cpu >= 0) {
    r.evidence["dut_foreign"] = disturbance.foreign;
    r.evidence["dut_interrupts"] = disturbance.interrupts;
    r.evidence["dut_steal"] = disturbance.steal;
  }
  const Starvation starvation = generator_starvation(r);
  if (starvation.cpu >= 0) r.evidence["generator_foreign"] = starvation.others;
  if (r.target_pps) r.evidence["unsent"] = starvation.unsent;
  if (evidence.offered_of_line) r.evidence["offered_of_line_rate"] = *evidence.offered_of_line;
  if (evidence.offered_of_target) r.evidence["offered_of_target"] = *evidence.offered_of_target;

  const double clock_off_ns =
      static_cast<double>(facts.open_ns) - static_cast<double>(facts.reference_ns);
  const double clock_error = clock_off_ns / static_cast<double>(facts.reference_ns);
  r.evidence["clock_error"] = clock_error;

  const auto tolerance = static_cast<std::int64_t>(plan.tolerance_packets);
  const auto unnamed =
      static_cast<std::int64_t>(facts.unnamed_loss * static_cast<double>(r.offered.packets));
  r.status = TrialStatus::invalid;
  if (r.offered.packets == 0) {
    r.reason = "generator " + facts.generator + " offered nothing";
  } else if (!facts.disturbances.empty()) {
    // Before the counts: a link that went down takes frames with it.
    r.disturbed = true;
    r.reason = "disturbed: " + boost::algorithm::join(facts.disturbances, "; ");
  } else if (r.unaccounted > std::max(tolerance, unnamed)) {
    r.reason = std::to_string(r.unaccounted) + " of " + std::to_string(r.offered.packets) +
               " frames are unaccounted for";
  } else if (r.unaccounted < -tolerance) {
    r.reason = std::to_string(-r.unaccounted) + " frames more were counted than were offered";
  } else if (r.received.foreign > plan.tolerance_packets) {
    r.reason = std::to_string(r.received.foreign) + " frames of somebody else arrived";
  } else if (std::abs(clock_off_ns) >
             kMaxClockError * static_cast<double>(facts.reference_ns) + kClockReadingNs) {
    r.reason = "the clock ran " + percent(std::abs(clock_error)) +
               (clock_error > 0 ? " fast" : " slow") + " against " + facts.reference_clock;
  } else if (r.returned && !fault_of(*r.returned, plan.tolerance_packets).empty()) {
    r.reason = fault_of(*r.returned, plan.tolerance_packets);
  } else if (starvation.unsent > plan.max_unsent && starvation.others > plan.max_disturbance) {
    r.disturbed = true;
    r.reason = "disturbed: starved generator: others had " + percent(starvation.others) +
               " of CPU " + std::to_string(starvation.cpu) + ", and " + percent(starvation.unsent) +
               " of the frames due were not sent";
  } else if (disturbance.share() > plan.max_disturbance) {
    r.disturbed = true;
    r.reason = "disturbed: others had " + percent(disturbance.foreign) + " of CPU " +
               std::to_string(disturbance.cpu) + ", devices' interrupts " +
               percent(disturbance.interrupts) + ", and the hypervisor took " +
               percent(disturbance.steal);
  } else {
    r.status = TrialStatus::ok;
  }
}

void judge_windowless(const std::vector<std::string>& disturbances, TrialRecord& r) {
  r.status = TrialStatus::invalid;
  r.disturbed = true;
  // None: what kept coming were frames of its own.
  r.reason = "disturbed: " + (disturbances.empty()
                                  ? "the frames sent first kept coming long after they were sent"
                                  : boost::algorithm::join(disturbances, "; "));
}

}  // namespace pktbench::method
