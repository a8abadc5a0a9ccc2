#include "harness/method/flip/flip_window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace pktbench::method {

namespace {

// Costs are compared at one load: rates further apart are two.
constexpr double kSameLoad = 0.02;

double thread_cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

double ms(std::uint64_t from_ns, std::uint64_t to_ns) {
  return (static_cast<double>(to_ns) - static_cast<double>(from_ns)) / 1e6;
}

// Of the stretches in one part of a window.
struct Part {
  double packets = 0;
  double cycles = 0;
  double length_ms = 0;
  bool known = true;

  void add(const FlipSample& s) {
    packets += static_cast<double>(s.packets);
    length_ms += s.length_ms;
    known &= s.cycles.has_value();
    cycles += s.cycles.value_or(0);
  }
  std::optional<double> per_packet() const {
    return known && packets > 0 ? std::optional(cycles / packets) : std::nullopt;
  }
  double rate() const { return length_ms > 0 ? packets / length_ms : 0; }
};

}  // namespace

FlipRecord flip_record(const FlipPlan& plan, const std::vector<FlipReading>& readings,
                       const CpuOwners& owners, bool by_pmu, double tsc_hz, std::uint64_t opened_ns,
                       std::uint64_t flipped_ns) {
  FlipRecord made;
  made.action = plan.action;
  made.flipped_at_ms = ms(opened_ns, flipped_ns);
  const double settle_ms = plan.settle_s * 1e3;
  Part before;
  Part after;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    const FlipReading& a = readings[i - 1];
    const FlipReading& b = readings[i];
    FlipSample s;
    s.at_ms = ms(opened_ns, b.cpus.at_ns);
    s.length_ms = ms(a.cpus.at_ns, b.cpus.at_ns);
    s.packets = b.count.packets - a.count.packets;
    s.turned = b.count.turned - a.count.turned;
    const DutCharge charge = charge_dut(a.cpus, b.cpus, owners);
    s.cycles = by_pmu ? charge.cycles : std::optional(charge.ns * tsc_hz / 1e9);
    s.dut_cpu = s.length_ms > 0 ? charge.ns / 1e6 / s.length_ms : 0;
    const double begin_ms = s.at_ms - s.length_ms;
    if (begin_ms >= settle_ms && s.at_ms <= made.flipped_at_ms) before.add(s);
    if (begin_ms >= made.flipped_at_ms + settle_ms) after.add(s);
    if (!made.visible_after_ms && s.turned > 0 && s.at_ms > made.flipped_at_ms)
      made.visible_after_ms = s.at_ms - made.flipped_at_ms;
    made.series.push_back(s);
  }
  made.cycles_pass = before.per_packet();
  made.cycles_drop = after.per_packet();
  if (!made.cycles_pass || !made.cycles_drop)
    made.tax_reason = "no packets, or no cycles, on one side of the change";
  else if (std::abs(before.rate() - after.rate()) >
           kSameLoad * std::max(before.rate(), after.rate()))
    made.tax_reason = fmt::format(
        "the load was not one: {:.0f} and {:.0f} packets/s were received; set a rate that is "
        "passed on without loss",
        before.rate() * 1e3, after.rate() * 1e3);
  else
    made.tax_cycles = *made.cycles_pass - *made.cycles_drop;
  return made;
}

Result<FlipRecord> flip_window(const FlipPlan& plan, LiveControl& control, CpuMeter& meter,
                               const CpuOwners& owners, Clock& clock, std::uint64_t until_ns,
                               const StopFlag& stop) {
  const std::uint64_t opened_ns = clock.now_ns();
  const auto step_ns = static_cast<std::uint64_t>(plan.every_s * 1e9);
  const auto turn_ns = opened_ns + static_cast<std::uint64_t>(plan.at_s * 1e9);
  const double began_s = thread_cpu_s();
  std::uint64_t flipped_ns = 0;
  std::vector<FlipReading> readings;
  readings.reserve(static_cast<std::size_t>((until_ns - opened_ns) / step_ns) + 2);
  for (std::uint64_t due_ns = opened_ns; due_ns <= until_ns && !stop; due_ns += step_ns) {
    if (const std::uint64_t now = clock.now_ns(); now < due_ns) clock.sleep_ns(due_ns - now, stop);
    FlipReading reading;
    if (auto r = control.now().into(reading.count); !r) return r.error();
    if (auto r = meter.quick_sample().into(reading.cpus); !r) return r.error();
    reading.cpus.at_ns = clock.now_ns();
    readings.push_back(std::move(reading));
    if (flipped_ns == 0 && due_ns >= turn_ns) {
      if (auto r = control.turn(plan.action); !r) return r.error();
      flipped_ns = clock.now_ns();
    }
  }
  const double took_s = thread_cpu_s() - began_s;
  if (const std::uint64_t now = clock.now_ns(); now < until_ns)
    clock.sleep_ns(until_ns - now, stop);
  FlipRecord made = flip_record(plan, readings, owners, meter.cycles_source() == "pmu",
                                meter.tsc_hz(), opened_ns, flipped_ns);
  made.sampler_cpu = took_s * 1e9 / static_cast<double>(clock.now_ns() - opened_ns);
  return made;
}

}  // namespace pktbench::method
