#include "harness/method/validity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/core/lookup.hpp"
#include "harness/method/snapshot.hpp"
#include "harness/text/numbers.hpp"

namespace pktbench::method {

namespace {

// NTP slews a clock by 0.0005 at most; a tool that steers by more (chrony can) spoils every rate.
constexpr double kMaxClockError = 0.001;
constexpr double kClockReadingNs = 20'000;  // how far apart the readings of two clocks may lie
constexpr double kAlwaysAllowedS = 0.05;    // that a busy host wakes the control thread late

std::string seconds(double s) { return fmt::format("{:.3g} s", s); }

// Whoever stops the control thread, or the whole machine, makes the window longer.
std::string overrun(const TrialPlan& plan, const TrialFacts& facts) {
  const double took_s = static_cast<double>(facts.open_ns) / 1e9;
  const double allowed_s = std::max(plan.max_overrun * plan.duration_s, kAlwaysAllowedS);
  if (took_s <= plan.duration_s + allowed_s) return {};
  return "the window took " + seconds(took_s) + " instead of " + seconds(plan.duration_s) +
         ": pktbench was stopped or got no CPU";
}

// Why the counts do not add up; empty: they do.
std::string fault_of_counts(const TrialPlan& plan, const TrialFacts& facts, const TrialRecord& r) {
  const auto tolerance = static_cast<std::int64_t>(plan.tolerance_packets);
  const auto unnamed =
      static_cast<std::int64_t>(facts.unnamed_loss * static_cast<double>(r.offered.packets));
  if (r.unaccounted > std::max(tolerance, unnamed))
    return fmt::format("{} of {} frames are unaccounted for", r.unaccounted, r.offered.packets);
  if (r.unaccounted < -tolerance)
    return fmt::format("{} frames more were counted than were offered", -r.unaccounted);
  if (r.received.foreign > plan.tolerance_packets)
    return fmt::format("{} frames of somebody else arrived", r.received.foreign);
  if (r.latency && r.latency->unstamped > plan.tolerance_packets)
    return fmt::format("{} of {} frames came without the {}'s stamp", r.latency->unstamped,
                       r.received.packets, r.latency->stamp);
  return r.returned ? fault_of(*r.returned, plan.tolerance_packets) : std::string();
}

void note(const std::vector<Disturbed>& disturbances, TrialRecord& r) {
  r.disturbed = true;
  r.reason.clear();
  for (const Disturbed& d : disturbances) {
    r.disturbed_by.insert(d.by);
    r.reason += (r.reason.empty() ? "disturbed: " : "; ") + d.sentence;
  }
}

// What is measured on several queues is not one where a queue has nothing to do.
std::string idle_queue(const Counters& received) {
  constexpr std::uint64_t kEnough = 64;  // frames a queue: fewer may miss one by chance
  const auto& queues = received.per_queue;
  if (queues.size() < 2 || received.packets < kEnough * queues.size()) return "";
  const auto idle = std::ranges::find(queues, std::uint64_t{0});
  if (idle == queues.end()) return "";
  return fmt::format(
      "RX queue {} of {} received nothing: the flows do not reach it; 16 for each queue do",
      idle - queues.begin(), queues.size());
}

}  // namespace

void judge_trial(const TrialPlan& plan, const TrialFacts& facts, TrialRecord& r) {
  const LimiterEvidence evidence = limiter_evidence(r, facts.owners);
  r.limiter = judge_limiter(evidence);
  r.dut_limited_by.clear();
  if (r.limiter == Limiter::dut && evidence.dut_busy)
    r.dut_limited_by = evidence.dut_full() ? "cycles" : "wake-ups";
  const auto keep = [&r](const char* name, const std::optional<double>& value) {
    if (value) r.evidence[name] = *value;
  };
  keep("dut_busy", evidence.dut_busy);
  keep("generator_busy", evidence.generator_busy);
  keep("offered_of_line_rate", evidence.offered_of_line);
  keep("offered_of_target", evidence.offered_of_target);
  r.evidence["lost"] = evidence.lost;
  r.evidence["lost_unnamed"] = evidence.lost_unnamed;
  r.evidence["refused"] = evidence.refused;
  const auto count = [](const std::optional<std::uint64_t>& n) {
    return n ? std::optional(static_cast<double>(*n)) : std::nullopt;
  };
  keep("left_the_port", count(r.left_the_port));
  keep("pause_frames", count(r.pause_frames));
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

  const double clock_off_ns =
      static_cast<double>(facts.open_ns) - static_cast<double>(facts.reference_ns);
  const double clock_error = clock_off_ns / static_cast<double>(facts.reference_ns);
  r.evidence["clock_error"] = clock_error;

  std::vector<Disturbed> disturbed;
  if (const std::string late = overrun(plan, facts); !late.empty())
    disturbed.push_back({"window", late});
  disturbed.insert(disturbed.end(), facts.disturbances.begin(), facts.disturbances.end());
  if (starvation.unsent > plan.max_unsent && starvation.others > plan.max_disturbance)
    disturbed.push_back(
        {"generator",
         fmt::format("starved generator: others had {} of CPU {}, and {} of the "
                     "frames due were not sent",
                     percent(starvation.others), starvation.cpu, percent(starvation.unsent))});
  if (disturbance.share() > plan.max_disturbance)
    disturbed.push_back(
        {"cpu", fmt::format("others had {} of CPU {}, devices' interrupts {}, and "
                            "the hypervisor took {}",
                            percent(disturbance.foreign), disturbance.cpu,
                            percent(disturbance.interrupts), percent(disturbance.steal))});
  const std::string lost_count = fault_of_counts(plan, facts, r);
  // Frames of others may be counted as ours without breaking a sum.
  const bool strays = contains(disturbed, kForeignFrames, &Disturbed::by);
  r.conserved = lost_count.empty() && !strays && r.received.packets > 0;

  r.status = TrialStatus::invalid;
  r.reason.clear();
  if (r.offered.packets == 0) {
    r.reason = "generator " + facts.generator + " offered nothing";
  } else if (!disturbed.empty()) {
    note(disturbed, r);
    // A link that went down takes frames with it.
    if (!lost_count.empty()) r.reason += "; " + lost_count;
  } else if (!lost_count.empty()) {
    r.reason = lost_count;
  } else if (std::abs(clock_off_ns) >
             kMaxClockError * static_cast<double>(facts.reference_ns) + kClockReadingNs) {
    r.reason = "the clock ran " + percent(std::abs(clock_error)) +
               (clock_error > 0 ? " fast" : " slow") + " against " + facts.reference_clock;
  } else if (const std::string idle = idle_queue(r.received); !idle.empty()) {
    r.reason = idle;
  } else {
    r.status = TrialStatus::ok;
  }
}

void judge_windowless(const std::vector<Disturbed>& disturbances, TrialRecord& r) {
  r.status = TrialStatus::invalid;
  note(disturbances, r);
  if (disturbances.empty()) {  // what kept coming were frames of its own
    r.disturbed_by.insert("late_frames");
    r.reason = "disturbed: the frames sent first kept coming long after they were sent";
  }
}

}  // namespace pktbench::method
