#include "harness/method/accounting.hpp"

#include <algorithm>

#include "harness/core/lookup.hpp"
#include "harness/core/units.hpp"

namespace pktbench::method {

namespace {

double difference(const CpuTimes& before, const CpuTimes& after, CpuClass c) {
  return static_cast<double>(after[c] - before[c]);
}

double share(const CpuUsage& u, CpuClass c) { return u.classes[static_cast<std::size_t>(c)]; }

// Loss below this share does not show a limit: single frames are lost to wake-ups of a virtual CPU.
constexpr double kNoLoss = 0.001;
// A CPU above this share has no time left; the rest is the measurement's own.
constexpr double kSaturated = 0.9;
constexpr double kOnTarget = 0.99;
constexpr double kMostOfACpu = 0.5;

}  // namespace

DutCharge charge_dut(const CpuSample& before, const CpuSample& after, const CpuOwners& owners) {
  DutCharge charge;
  bool all_cycles = !after.cpus.empty();
  double cycles = 0;
  for (std::size_t i = 0; i < after.cpus.size(); ++i) {
    const CpuTimes& a = before.cpus[i];
    const CpuTimes& b = after.cpus[i];
    const double application = difference(a, b, CpuClass::application);
    double ns = application + difference(a, b, CpuClass::napi);
    const bool softirqs = contains(owners.dut_softirq, b.cpu);
    const bool interrupts = softirqs && owners.dut_interrupts;
    if (softirqs) ns += difference(a, b, CpuClass::softirq);
    if (interrupts) ns += difference(a, b, CpuClass::interrupt);
    charge.ns += ns;
    charge.application_ns += application;

    // A counter that stood still on a busy CPU counts nothing.
    if (a.cycles && b.cycles && (ns <= 0 || *b.cycles != *a.cycles)) {
      const auto counted = [&](CpuClass c) {
        const auto at = static_cast<std::size_t>(c);
        return static_cast<double>((*b.cycles)[at] - (*a.cycles)[at]);
      };
      charge.application_cycles += counted(CpuClass::application);
      cycles += counted(CpuClass::application) + counted(CpuClass::napi);
      if (softirqs) cycles += counted(CpuClass::softirq);
      if (interrupts) cycles += counted(CpuClass::interrupt);
    } else {
      all_cycles = false;
    }
  }
  if (all_cycles) charge.cycles = cycles;
  return charge;
}

std::vector<CpuUsage> cpu_usage(const CpuSample& before, const CpuSample& after,
                                const CpuOwners& owners) {
  std::vector<CpuUsage> usage;
  const double window = static_cast<double>(after.at_ns - before.at_ns);
  for (std::size_t i = 0; i < after.cpus.size() && window > 0; ++i) {
    const CpuTimes& a = before.cpus[i];
    const CpuTimes& b = after.cpus[i];
    CpuUsage u;
    u.cpu = b.cpu;
    u.role = contains(owners.dut, b.cpu)         ? "dut"
             : contains(owners.generator, b.cpu) ? "generator"
                                                 : "other";
    // A CPU is read after the clock, and the reader may have had to wait in between, at either end.
    double read = 0;
    for (std::size_t c = 0; c < kCpuClasses; ++c)
      read += difference(a, b, static_cast<CpuClass>(c));
    const double whole = read > 0 ? read : window;
    for (std::size_t c = 0; c < kCpuClasses; ++c) {
      u.classes[c] = difference(a, b, static_cast<CpuClass>(c)) / whole;
      if (static_cast<CpuClass>(c) != CpuClass::idle) u.busy += u.classes[c];
    }
    u.busy = std::min(u.busy, 1.0);  // what rounding leaves above it
    u.softirq = u.classes[static_cast<std::size_t>(CpuClass::softirq)] +
                u.classes[static_cast<std::size_t>(CpuClass::softirq_other)];
    const auto share = [&](std::optional<std::uint64_t> from, std::optional<std::uint64_t> to) {
      return from && to ? std::optional(std::min(1.0, static_cast<double>(*to - *from) / window))
                        : std::nullopt;
    };
    u.user = share(a.user_ns, b.user_ns);
    if (u.user && contains(owners.idle_spins, b.cpu))
      u.user = std::max(0.0, *u.user - u.classes[static_cast<std::size_t>(CpuClass::idle)]);
    u.system = share(a.system_ns, b.system_ns);
    u.steal = share(a.steal_ns, b.steal_ns);
    usage.push_back(u);
  }
  return usage;
}

void set_rates(const Port& dut, double frame_size, std::uint64_t in_window, TrialRecord& r) {
  if (dut.link_bps)
    r.line_rate_pps = line_rate_pps(*dut.link_bps, frame_size);
  else if (!dut.link_unknown.empty())
    r.missing["line_rate_pps"] = dut.link_unknown;
  r.offered_pps = static_cast<double>(r.offered.packets) / r.duration_s;
  r.received_pps = static_cast<double>(in_window) / r.duration_s;
  r.mpps = *r.received_pps / 1e6;
  // Frames that were due and not sent are lost to the trial as well (RFC 2544's intended load).
  const double intended =
      static_cast<double>(r.offered.packets + r.offered.unsent + r.offered.not_taken);
  if (intended > 0)
    r.loss_ratio = std::max(0.0, (intended - static_cast<double>(r.received.packets)) / intended);
  else
    r.missing["loss_ratio"] = "nothing was offered";
}

double busy_share(double application_ns, const PollTicks& polls, double tsc_hz) {
  if (application_ns <= 0) return 1;
  const double busy_ns = static_cast<double>(polls.busy) / tsc_hz * 1e9;
  const double idle_ns = static_cast<double>(polls.idle) / tsc_hz * 1e9;
  return std::min(std::max(busy_ns, application_ns - idle_ns) / application_ns, 1.0);
}

void charge_record(const CpuSample& before, const CpuSample& after, const CpuOwners& owners,
                   const CpuMeter& meter, std::uint64_t packets,
                   const std::optional<PollTicks>& polls, TrialRecord& r) {
  r.cpus = cpu_usage(before, after, owners);
  if (const std::string why = meter.cycles_source_reason(); !why.empty()) r.missing["pmu"] = why;
  r.cycles_source = meter.cycles_source();
  if (packets == 0) {
    no_cost(r, "nothing was received");
    return;
  }
  const auto n = static_cast<double>(packets);
  const DutCharge charge = charge_dut(before, after, owners);
  r.ns_per_packet = charge.ns / n;
  double cycles = charge.ns * meter.tsc_hz() / 1e9;
  double application = charge.application_ns * meter.tsc_hz() / 1e9;
  if (r.cycles_source == "pmu") {
    if (!charge.cycles) {
      for (const char* value : {"cycles_per_packet", "busy_cycles_per_packet"})
        r.missing[value] = "the PMU gave no reading for one of the CPUs";
      return;
    }
    cycles = *charge.cycles;
    application = charge.application_cycles;
  }
  r.cycles_per_packet = cycles / n;
  if (!polls) {
    r.missing["busy_cycles_per_packet"] = "the backend has no loop that spins";
    return;
  }
  const double in_vain = 1 - busy_share(charge.application_ns, *polls, meter.tsc_hz());
  r.busy_cycles_per_packet = (cycles - in_vain * application) / n;
}

void no_cost(TrialRecord& r, const std::string& why) {
  for (const char* value : {"ns_per_packet", "cycles_per_packet", "busy_cycles_per_packet"})
    r.missing[value] = why;
}

LimiterEvidence limiter_evidence(const TrialRecord& trial, const CpuOwners& owners) {
  LimiterEvidence e;
  for (const CpuUsage& u : trial.cpus) {
    auto& busiest = u.role == "dut" ? e.dut_busy : e.generator_busy;
    if (u.role != "other") busiest = std::max(busiest.value_or(0), u.busy);
    if (u.role == "generator" && contains(owners.dut_softirq, u.cpu))
      e.generator_cpu_for_dut = std::max(e.generator_cpu_for_dut, share(u, CpuClass::softirq));
  }
  e.dut_foreign = worst_disturbance(trial.cpus, owners).foreign;
  std::uint64_t lost = 0;
  for (const auto& [place, n] : trial.drops) lost += n;
  const std::uint64_t unnamed =
      trial.unaccounted > 0 ? static_cast<std::uint64_t>(trial.unaccounted) : 0;
  if (const auto offered = static_cast<double>(trial.offered.packets); offered > 0) {
    e.lost = static_cast<double>(lost + unnamed) / offered;
    e.lost_unnamed = static_cast<double>(unnamed) / offered;
  }
  const std::uint64_t refused = trial.offered.refused + trial.offered.not_taken;
  const auto attempts = static_cast<double>(trial.offered.packets + refused);
  if (attempts > 0) e.refused = static_cast<double>(refused) / attempts;
  e.on_wire = trial.on_wire;
  e.paused = trial.pause_frames.value_or(0) > 0;
  if (trial.line_rate_pps && trial.offered_pps)
    e.offered_of_line = *trial.offered_pps / *trial.line_rate_pps;
  if (trial.target_pps && trial.offered_pps)
    e.offered_of_target = *trial.offered_pps / *trial.target_pps;
  return e;
}

Disturbance worst_disturbance(const std::vector<CpuUsage>& cpus, const CpuOwners& owners) {
  Disturbance worst;
  for (const CpuUsage& u : cpus) {
    const bool own_softirqs = contains(owners.dut_softirq, u.cpu);
    if (u.role != "dut" && !own_softirqs) continue;
    const bool own_interrupts = own_softirqs && owners.dut_interrupts;
    Disturbance d{u.cpu, share(u, CpuClass::foreign),
                  own_interrupts ? 0 : share(u, CpuClass::interrupt), u.steal.value_or(0)};
    if (!own_softirqs) d.foreign += share(u, CpuClass::softirq);
    if (worst.cpu < 0 || d.share() > worst.share()) worst = d;
  }
  return worst;
}

bool LimiterEvidence::dut_full() const {
  return dut_busy && *dut_busy >= kSaturated && dut_foreign < *dut_busy / 2;
}

Starvation generator_starvation(const TrialRecord& trial) {
  Starvation worst;
  for (const CpuUsage& u : trial.cpus) {
    if (u.role != "generator") continue;
    const double others = std::min(1.0, share(u, CpuClass::foreign) + u.steal.value_or(0));
    if (worst.cpu >= 0 && others <= worst.others) continue;
    worst.cpu = u.cpu;
    worst.others = others;
  }
  const auto unsent = static_cast<double>(trial.offered.unsent);
  const double due = static_cast<double>(trial.offered.packets) + unsent;
  if (trial.target_pps && due > 0) worst.unsent = unsent / due;
  return worst;
}

Limiter judge_limiter(const LimiterEvidence& e) {
  // Who had the DUT's CPU is to be known.
  const Limiter dut_or_others =
      e.dut_busy && e.dut_foreign < kMostOfACpu ? Limiter::dut : Limiter::unknown;
  if (e.lost - e.lost_unnamed > kNoLoss) return dut_or_others;
  // A wire may have lost what no place counted.
  if (e.lost > kNoLoss) return e.dut_full() ? Limiter::dut : Limiter::unknown;
  if (e.offered_of_line && *e.offered_of_line >= kOnTarget) return Limiter::link;
  if (e.offered_of_target && *e.offered_of_target >= kOnTarget) return Limiter::generator;
  if (e.paused) return Limiter::link;
  if (e.refused > kNoLoss) return e.on_wire ? Limiter::generator : dut_or_others;
  if (e.generator_busy && *e.generator_busy >= kSaturated)
    return e.generator_cpu_for_dut > kMostOfACpu ? Limiter::dut : Limiter::generator;
  return Limiter::unknown;
}

}  // namespace pktbench::method
