#include "harness/testing/sample_test_run.hpp"

#include <limits>

#include "harness/core/units.hpp"
#include "harness/host/environment.hpp"

namespace pktbench::test {

TrialRecord sample_trial(int index, std::uint64_t offered, std::uint64_t lost) {
  const std::uint64_t got = offered - lost;
  TrialRecord t;
  t.index = index;
  t.round = index;
  t.started_at = "2026-01-02T03:04:0" + std::to_string(index % 10) + ".500Z";
  t.status = TrialStatus::ok;
  t.warmup_s = 0.2;
  t.duration_s = 1;
  t.drain_s = 0.01;
  t.conserved = true;
  t.condition = {.cpu_distance_ns = 92, .idle = "spin"};
  t.offered = {offered, offered * buffer_length(64), 0};
  t.offered_pps = static_cast<double>(offered);
  t.received.packets = got;
  t.received.bytes = got * buffer_length(64);
  t.received.per_queue = {got};
  t.received_pps = static_cast<double>(got);
  t.drops = {{"veth_ring_full", lost}};
  t.loss_ratio = static_cast<double>(lost) / static_cast<double>(offered);
  t.mpps = *t.received_pps / 1e6;
  t.ns_per_packet = 0.99e9 / *t.received_pps;
  t.cycles_per_packet = *t.ns_per_packet * 2.6;
  t.cycles_source = "tsc";
  t.limiter = Limiter::dut;
  t.dut_limited_by = "cycles";
  t.evidence = {{"dut_busy", 0.99}};
  CpuUsage generator;
  generator.cpu = 0;
  generator.role = "generator";
  generator.busy = 1;
  generator.user = 0;
  generator.system = 1;
  generator.steal = 0;
  generator.classes[static_cast<std::size_t>(CpuClass::generator)] = 1;
  CpuUsage dut;
  dut.cpu = 1;
  dut.role = "dut";
  dut.busy = 0.99;
  dut.softirq = 0.02;
  dut.classes[static_cast<std::size_t>(CpuClass::idle)] = 0.01;
  dut.classes[static_cast<std::size_t>(CpuClass::napi)] = 0.97;
  dut.classes[static_cast<std::size_t>(CpuClass::softirq)] = 0.02;
  t.cpus = {generator, dut};
  t.mode = {"native", "native", {{"attached", "driver"}}};
  t.missing = {{"busy_cycles_per_packet", "no loop of it spins"},
               {"cpus.1.user", "/proc/stat did not move"},
               {"cpus.1.system", "/proc/stat did not move"},
               {"cpus.1.steal", "/proc/stat did not move"}};
  return t;
}

CaseResult sample_case(const std::string& backend, const std::vector<std::uint64_t>& offered) {
  CaseResult made;
  made.spec.id = backend + "/drop/64B/1q/1f";
  made.spec.backend = backend;
  made.spec.backend_options = {{"attach", std::string("native")}};
  made.spec.workload = "drop";
  made.spec.generator = "live-frames";
  made.spec.generator_options = {{"batch", std::int64_t{16}}, {"cold", false}};
  made.mode = {"native", "native", {}};
  made.status = CaseStatus::ok;
  made.limiter = Limiter::dut;
  for (const std::uint64_t n : offered)
    made.trials.push_back(sample_trial(static_cast<int>(made.trials.size()), n));
  return made;
}

CaseResult sample_gap(const std::string& backend, CaseStatus status, const std::string& reason) {
  CaseResult made = sample_case(backend, {});
  made.mode = {};
  made.status = status;
  made.reason = reason;
  made.limiter = Limiter::unknown;
  return made;
}

RunDocument sample_run() {
  RunDocument run = new_run_document({"pktbench", "run", "scenarios/drop.json"});
  run.environment_before = capture_environment({});
  run.environment_after = capture_environment({});
  run.scenario = {{"name", "made-up"}, {"tolerance_packets", 0}};
  run.testbed = {"veth", "isolated", true};
  run.cases.push_back(
      sample_case("xdp-native", {5'100'000, 5'000'000, 5'200'000, 5'050'000, 5'150'000}));

  CaseResult mixed = sample_case("af_xdp", {2'000'000, 2'100'000, 2'050'000});
  mixed.spec.rate_pps = 2.2e6;
  mixed.trials[1].status = TrialStatus::invalid;
  mixed.trials[1].reason = "3 frames are unaccounted for";
  mixed.trials[1].unaccounted = 3;
  mixed.trials[1].drops["veth_ring_full"] -= 3;
  mixed.trials[2].cycles_per_packet = std::numeric_limits<double>::quiet_NaN();
  TrialRecord broken;
  broken.index = 3;
  broken.started_at = "2026-01-02T03:05:00.000Z";
  broken.reason = "the generator died";
  mixed.trials.push_back(broken);
  run.cases.push_back(mixed);

  run.cases.push_back(
      sample_gap("xdp-offload", CaseStatus::unsupported, "the device has no XDP offload"));
  run.cases.push_back(sample_gap("dpdk", CaseStatus::failed, "the library did not start"));

  CaseResult busy = sample_case("packet-mmap", {900'000, 950'000});
  busy.status = CaseStatus::disturbed;
  busy.reason = "none of 2 rounds was undisturbed; the last: disturbed: others had 21% of CPU 1";
  busy.condition = busy.trials[0].condition;
  for (TrialRecord& t : busy.trials) {
    t.status = TrialStatus::invalid;
    t.disturbed = true;
    t.disturbed_by = {"cpu"};
    t.in_summary = true;
    t.reason = "disturbed: others had 21% of CPU 1";
    t.evidence["dut_foreign"] = 0.21;
  }
  run.cases.push_back(busy);
  run.finished_at = "2099-01-02T03:06:00.000Z";
  return run;
}

}  // namespace pktbench::test
