#include "harness/live/run_metrics.hpp"

#include <algorithm>
#include <numeric>

#include "harness/core/lookup.hpp"
#include "harness/live/families.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench {

namespace {

using prometheus::MetricType;

// Of the stretches between two times since the window opened.
std::optional<double> rate_between(const FlipRecord& flip, double from_ms, double to_ms) {
  double packets = 0;
  double ms = 0;
  for (const FlipSample& sample : flip.series)
    if (sample.at_ms - sample.length_ms >= from_ms && sample.at_ms <= to_ms) {
      packets += static_cast<double>(sample.packets);
      ms += sample.length_ms;
    }
  return ms > 0 ? std::optional(packets / ms * 1e3) : std::nullopt;
}

template <class Value>
void set_if(std::map<std::string, double>& to, const std::string& phase, const Value& value) {
  if (value) to[phase] = *value;
}

MetricLabels with(MetricLabels labels, const MetricLabels& more) {
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

}  // namespace

void RunTotals::add(const CaseSpec& spec, const TrialRecord& trial) {
  modes_[spec.id] = trial.mode.effective;
  OfCase& c = cases_[{spec.id, trial.mode.effective}];
  c.spec = spec;
  c.offered += trial.offered.packets;
  c.received += trial.received.packets;
  const auto& queues = trial.received.per_queue;
  const auto in_queues = std::accumulate(queues.begin(), queues.end(), std::uint64_t{0});
  if (queues.empty() || in_queues != trial.received.packets)
    c.by_queue[""] += trial.received.packets;
  else
    for (std::size_t queue = 0; queue < queues.size(); ++queue)
      c.by_queue[std::to_string(queue)] += queues[queue];
  c.bytes += trial.received.bytes;
  for (const auto& [place, n] : trial.drops) c.drops[place] += n;
  c.unaccounted += trial.unaccounted;
  c.seconds += trial.duration_s;
  ++c.trials[trial.disturbed ? "disturbed" : to_string(trial.status)];

  set_if(c.rates, "window", trial.received_pps);
  set_if(c.cycles, "window", trial.cycles_per_packet);
  if (trial.flip) {
    const FlipRecord& flip = *trial.flip;
    set_if(c.rates, "pass", rate_between(flip, 0, flip.flipped_at_ms));
    set_if(c.rates, flip.action, rate_between(flip, flip.flipped_at_ms, trial.duration_s * 1e3));
    set_if(c.cycles, "pass", flip.cycles_pass);
    set_if(c.cycles, flip.action, flip.cycles_drop);
  }
  if (trial.busy_cycles_per_packet) c.busy_cycles = trial.busy_cycles_per_packet;
  if (!trial.cycles_source.empty()) c.cycles_source = trial.cycles_source;
  if (!trial.cpus.empty()) c.cpus = trial.cpus;
}

void RunTotals::tick(const CaseSpec& spec, const method::Tick& tick) {
  // Before its first trial has ended, the mode of a case is not known.
  const auto* mode = find_in(modes_, spec.id);
  if (mode) cases_[{spec.id, *mode}].rates[tick.phase] = tick.received_pps;
}

std::vector<prometheus::MetricFamily> RunTotals::families(
    const std::vector<std::string>& nics) const {
  const auto counter = [](const char* name, const char* help) {
    return family(name, help, MetricType::Counter);
  };
  const auto gauge = [](const char* name, const char* help) {
    return family(name, help, MetricType::Gauge);
  };
  auto offered = counter("pktbench_offered_packets_total", "Frames sent in windows.");
  auto packets = counter("pktbench_packets_total",
                         "Frames that the backend received in windows, by RX queue.");
  auto bytes = counter("pktbench_bytes_total", "Their bytes, without the FCS.");
  auto drops = counter("pktbench_drops_total", "Frames dropped in windows, by place.");
  auto unaccounted = gauge("pktbench_unaccounted_packets",
                           "Frames offered in windows that were neither received nor dropped.");
  auto seconds = counter("pktbench_window_seconds_total", "Length of the windows.");
  auto trials = counter("pktbench_trials_total", "Trials, by status.");
  auto rates = gauge("pktbench_packets_per_second", "Rate received in the last trial, by phase.");
  auto cycles =
      gauge("pktbench_cycles_per_packet", "CPU cycles per packet in the last trial, by phase.");
  auto busy = gauge("pktbench_busy_cycles_per_packet",
                    "Those of a loop that spins, without its polls in vain.");
  auto cpus = gauge("pktbench_cpu_busy_ratio",
                    "Share of the last trial's window that a CPU was busy, by role.");
  for (const auto& [id, c] : cases_) {
    const CaseSpec& spec = c.spec;
    const MetricLabels labels = {{"backend", spec.backend},
                                 {"workload", spec.workload},
                                 {"nic", spec.testbed < nics.size() ? nics[spec.testbed] : ""},
                                 {"mode", id.second},
                                 {"case", spec.id}};
    add_count(offered, labels, static_cast<double>(c.offered));
    for (const auto& [queue, n] : c.by_queue)
      add_count(packets, with(labels, {{"queue", queue}}), static_cast<double>(n));
    add_count(bytes, labels, static_cast<double>(c.bytes));
    for (const auto& [place, n] : c.drops)
      add_count(drops, with(labels, {{"place", place}}), static_cast<double>(n));
    add_gauge(unaccounted, labels, static_cast<double>(c.unaccounted));
    add_count(seconds, labels, c.seconds);
    for (const auto& [status, n] : c.trials)
      add_count(trials, with(labels, {{"status", status}}), static_cast<double>(n));
    for (const auto& [phase, rate] : c.rates)
      add_gauge(rates, with(labels, {{"phase", phase}}), rate);
    for (const auto& [phase, cost] : c.cycles)
      add_gauge(cycles, with(labels, {{"phase", phase}, {"source", c.cycles_source}}), cost);
    if (c.busy_cycles) add_gauge(busy, with(labels, {{"source", c.cycles_source}}), *c.busy_cycles);
    for (const CpuUsage& cpu : c.cpus)
      add_gauge(cpus, with(labels, {{"role", cpu.role}, {"cpu", std::to_string(cpu.cpu)}}),
                cpu.busy);
  }
  return {offered, packets, bytes, drops, unaccounted, seconds, trials, rates, cycles, busy, cpus};
}

Result<void> RunMetrics::on_testbeds_up(const Testbeds& testbeds) {
  std::vector<int> free = sys::allowed_cpus();
  std::vector<int> generators;
  for (const auto& [label, testbed] : testbeds) {
    nics_.push_back(label.empty() ? testbed->dut().port().name : label);
    for (const End* end : {&testbed->generator(), &testbed->dut()}) {
      if (end->port().device) continue;  // simulated: no CPU works for it
      for (const auto& used : {end->port().cpus, end->softirq_cpus()})
        std::erase_if(free, [&](int cpu) { return contains(used, cpu); });
    }
    if (testbed->generator().port().here())
      generators.push_back(testbed->generator().port().cpus.front());
  }
  shares_cpus_ = free.empty();
  show();
  // The control thread is with the generator, too.
  const std::vector<int>& on = shares_cpus_ ? generators : free;
  return on.empty() ? Result<void>{} : server_.place(on);
}

void RunMetrics::on_tick(const CaseSpec& spec, const method::Tick& tick) {
  totals_.tick(spec, tick);
  show();
}

void RunMetrics::on_window(const CaseSpec&) {
  if (shares_cpus_) server_.hold();
}

Result<void> RunMetrics::on_trial_ended(const CaseSpec& spec, const TrialRecord& record,
                                        const TrialPlace&, bool) {
  // Trials for the run time of BPF programs are kept apart in run.json.
  if (!record.bpf_stats) totals_.add(spec, record);
  show();
  server_.release();
  return {};
}

}  // namespace pktbench
