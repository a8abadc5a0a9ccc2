#include "harness/runner/run.hpp"

#include <sys/random.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <utility>

#include "harness/method/throughput.hpp"
#include "harness/runner/rounds.hpp"
#include "harness/runner/testbed_set.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/utc.hpp"

namespace pktbench {

namespace {

constexpr int kGiveUpAfter = 2;  // failures of one case in a row

// Frames of another run must not carry this run's tags.
std::uint32_t random_tag() {
  std::uint32_t tag = 0;
  if (getrandom(&tag, sizeof tag, 0) != static_cast<ssize_t>(sizeof tag))
    tag = static_cast<std::uint32_t>(std::time(nullptr));
  return tag;
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

class Run {
 public:
  Run(const Scenario& scenario, const Registry& registry, RunSink& sink, Progress& progress,
      const StopFlag& stop)
      : scenario_(scenario),
        registry_(registry),
        type_(*find_by_name(registry.testbeds, scenario.testbed)),
        sink_(sink),
        progress_(progress),
        stop_(stop) {}

  Result<RunOutcome> run(const FinishedTrials& finished);

 private:
  struct CaseState {
    CaseResult result;
    int failures = 0;
    bool bpf_given_up = false;
    int order = 0;  // its place in the round that is on

    std::vector<TrialRecord>& trials(bool bpf) { return bpf ? result.bpf_trials : result.trials; }
  };

  void take_over(const FinishedTrials& finished);
  Result<void> rounds();
  Result<void> round(int round, const std::vector<bool>& wanted, bool bpf);
  Result<void> more_rounds();
  std::vector<CaseResult> results() const;
  std::size_t rounds_left(const std::vector<TrialRecord>& trials) const;
  std::size_t rounds_left(const CaseState& state) const;
  Result<void> make_trial(CaseState& state, int round, bool bpf_stats);
  Result<TrialRecord> attempt(const CaseSpec& spec, bool bpf_stats);
  std::string impossible(const CaseSpec& spec) const;
  void give_up(CaseState& state, CaseStatus status, const std::string& reason);
  void give_up_bpf(CaseState& state, const std::string& reason);

  const Scenario& scenario_;
  const Registry& registry_;
  const TestbedType& type_;
  RunSink& sink_;
  Progress& progress_;
  const StopFlag& stop_;

  TestbedSet testbeds_;
  std::uint32_t tag_ = random_tag();
  std::vector<CaseState> cases_;
};

std::size_t Run::rounds_left(const std::vector<TrialRecord>& trials) const {
  std::size_t left = 0;
  for (int round = 0; round < scenario_.trials; ++round)
    if (!round_done(trials, round, scenario_.plan.max_repeats)) ++left;
  return left;
}

std::size_t Run::rounds_left(const CaseState& state) const {
  const bool bpf = scenario_.plan.bpf_stats && !state.bpf_given_up;
  return rounds_left(state.result.trials) + (bpf ? rounds_left(state.result.bpf_trials) : 0);
}

void Run::take_over(const FinishedTrials& finished) {
  for (const CaseSpec& spec : scenario_.cases) {
    CaseState state;
    state.result.spec = spec;
    state.result.bpf_stats = scenario_.plan.bpf_stats;
    if (const auto it = finished.find(spec.id); it != finished.end())
      for (const TrialRecord& trial : it->second) state.trials(trial.bpf_stats).push_back(trial);
    cases_.push_back(std::move(state));
  }
}

// The reason why a case cannot be made at all; empty where it may be tried.
std::string Run::impossible(const CaseSpec& spec) const {
  const BackendType& backend = *find_by_name(registry_.backends, spec.backend);
  const GeneratorType& generator = *find_by_name(registry_.generators, spec.generator);
  if (backend.simulated != type_.simulated)
    return "backend " + backend.name + " does not work on testbed " + type_.name;
  if (generator.simulated != type_.simulated)
    return "generator " + generator.name + " does not work on testbed " + type_.name;
  if (type_.memory && !backend.memory)
    return "backend " + backend.name + " receives from a network device, and testbed " +
           type_.name + " has none; use veth, with generator xdp-live";
  if (type_.memory && !generator.memory)
    return "generator " + generator.name + " sends into a network device, and testbed " +
           type_.name + " has none; use generator memory";
  if (generator.memory && !type_.memory)
    return "generator " + generator.name + " needs testbed memory; testbed " + type_.name +
           " has network devices: use generator xdp-live";
  if (generator.one_queue && spec.queues > 1)
    return "generator " + generator.name + " sends into one RX queue and not into " +
           std::to_string(spec.queues) + "; use packet-sendmmsg or udp-sendmmsg";
  if (const auto it = backend.cannot.find(spec.workload); it != backend.cannot.end())
    return "backend " + backend.name + ": " + it->second;
  if (std::find(backend.workloads.begin(), backend.workloads.end(), spec.workload) ==
      backend.workloads.end())
    return "backend " + backend.name + " cannot do workload " + spec.workload + "; it can do " +
           join(backend.workloads);
  if (auto reason = backend.probe(); !reason.empty())
    return "backend " + backend.name + ": " + reason;
  if (auto reason = generator.probe(); !reason.empty())
    return "generator " + generator.name + ": " + reason;
  return "";
}

Result<TrialRecord> Run::attempt(const CaseSpec& spec, bool bpf_stats) {
  auto backend = find_by_name(registry_.backends, spec.backend)->make();
  auto traffic = find_by_name(registry_.generators, spec.generator)->make();
  Testbed& testbed = testbeds_.at(spec.testbed);
  // Whatever this thread does between windows must not be on the DUT's CPU.
  if (!type_.simulated)
    if (auto r = sys::pin_thread(0, testbed.generator_port().cpus.front()); !r) return r.error();
  auto mended = testbed.mend();
  if (!mended) return mended.error();
  for (const std::string& what : *mended) progress_.detail(what);
  const bool on = spec.telemetry;
  auto meter = testbeds_.meter_for_trial(spec.testbed, on);
  if (!meter) return meter.error();
  method::TrialParties parties{testbed,
                               *backend,
                               *traffic,
                               meter->meter,
                               on ? meter->missing : "the scenario has telemetry off for this case",
                               bpf_stats};
  auto trial = method::run_trial(spec, scenario_.plan, ++tag_, parties, stop_);
  if (auto r = testbeds_.trial_ended(spec.testbed); !r) return r.error();
  return trial;
}

void Run::give_up(CaseState& state, CaseStatus status, const std::string& reason) {
  state.result.decided = true;
  state.result.status = status;
  state.result.reason = reason;
  if (state.result.bpf_stats && state.result.bpf_reason.empty()) state.result.bpf_reason = reason;
  progress_.skipped(state.result.spec, rounds_left(state),
                    std::string(to_string(status)) + ": " + reason);
}

// The case itself goes on.
void Run::give_up_bpf(CaseState& state, const std::string& reason) {
  state.bpf_given_up = true;
  state.result.bpf_reason = reason;
  state.failures = 0;
  progress_.skipped(state.result.spec, rounds_left(state.result.bpf_trials),
                    "no run time of BPF programs: " + reason);
}

Result<void> Run::make_trial(CaseState& state, int round, bool bpf_stats) {
  const CaseSpec& spec = state.result.spec;
  std::vector<TrialRecord>& trials = state.trials(bpf_stats);
  const int of = std::max(scenario_.trials, round + 1);
  progress_.trial_started(spec, round, of);
  const std::string started_at = sys::rfc3339_utc(sys::utc_now());
  auto trial = attempt(spec, bpf_stats);
  TrialRecord record;
  if (trial) {
    record = std::move(*trial);
    state.failures = 0;
  } else {
    const Error& error = trial.error();
    if (error.code == ErrorCode::interrupted || stop_) return {};
    if (error.code == ErrorCode::unsupported && bpf_stats) {
      give_up_bpf(state, error.message);
      return {};
    }
    if (error.code == ErrorCode::unsupported) {
      give_up(state, CaseStatus::unsupported, error.message);
      return {};
    }
    if (error.code == ErrorCode::invalid_input) return error;
    record.status = TrialStatus::failed;
    record.reason = error.message;
    if (!error.detail.empty()) progress_.detail(error.detail);
    ++state.failures;
  }
  record.bpf_stats = bpf_stats;
  record.index = static_cast<int>(state.result.trials.size() + state.result.bpf_trials.size());
  record.round = round;
  record.order = state.order;
  record.started_at = started_at;
  trials.push_back(record);
  if (auto r = sink_.on_trial(spec, record); !r) return r;
  if (record.disturbed && !round_done(trials, round, scenario_.plan.max_repeats)) {
    progress_.repeating(spec, record);
    return {};
  }
  progress_.trial_ended(spec, record, of);
  if (state.failures < kGiveUpAfter) return {};
  if (bpf_stats)
    give_up_bpf(state, record.reason);
  else
    give_up(state, CaseStatus::failed, record.reason);
  return {};
}

// One trial of each wanted case that is not disturbed, in the round's own order.
Result<void> Run::round(int round, const std::vector<bool>& wanted, bool with_bpf) {
  const std::vector<std::size_t> order = round_order(scenario_.order_seed, round, cases_.size());
  for (std::size_t i = 0; i < order.size() && !stop_; ++i) {
    CaseState& state = cases_[order[i]];
    if (!wanted[order[i]]) continue;
    state.order = static_cast<int>(i);
    for (const bool bpf : {false, true}) {
      if (bpf && (!with_bpf || state.bpf_given_up)) continue;
      while (!state.result.decided && !(bpf && state.bpf_given_up) && !stop_ &&
             !round_done(state.trials(bpf), round, scenario_.plan.max_repeats))
        if (auto r = make_trial(state, round, bpf); !r) return r;
    }
  }
  return {};
}

std::vector<CaseResult> Run::results() const {
  std::vector<CaseResult> made;
  for (const CaseState& state : cases_) made.push_back(state.result);
  return made;
}

// For cases that have too few trials in the condition of the run: it changed, or they were
// disturbed.
Result<void> Run::more_rounds() {
  for (int extra = 0; extra < scenario_.plan.max_repeats && !stop_; ++extra) {
    const std::vector<std::size_t> missing = rounds_short(results(), scenario_.trials);
    std::vector<bool> wanted;
    std::size_t trials = 0;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      wanted.push_back(missing[i] > 0 && !cases_[i].result.decided);
      trials += wanted.back();
    }
    if (trials == 0) return {};
    progress_.more(trials, std::to_string(trials) + " of " + std::to_string(cases_.size()) +
                               " cases have too few trials in the condition of most: one more");
    if (auto r = round(scenario_.trials + extra, wanted, false); !r) return r;
  }
  return {};
}

Result<void> Run::rounds() {
  for (CaseState& state : cases_)
    if (auto reason = impossible(state.result.spec); !reason.empty())
      give_up(state, CaseStatus::unsupported, reason);
  const std::vector<bool> all(cases_.size(), true);
  for (int number = 0; number < scenario_.trials && !stop_; ++number)
    if (auto r = round(number, all, scenario_.plan.bpf_stats); !r) return r;
  return more_rounds();
}

Result<RunOutcome> Run::run(const FinishedTrials& finished) {
  auto made = testbeds_.up(type_, scenario_);
  if (!made) return made.error();
  take_over(finished);
  std::size_t left = 0;
  for (const CaseState& state : cases_) left += rounds_left(state);
  made = testbeds_.start_meters();
  if (made) {
    made = sink_.on_testbeds_up(testbeds_.all());
    if (made) {
      progress_.begin(left);
      made = rounds();
      progress_.end();
    }
    // What the ports are like afterwards is seen through their kernel drivers.
    if (auto r = testbeds_.take_back(); made && !r) made = r;
    sink_.on_testbeds_down(testbeds_.all());
  }
  RunOutcome outcome;
  if (auto down = testbeds_.down(); !down) outcome.not_restored = down.error().message;
  if (!made) return made.error();

  outcome.cases = results();
  conclude(outcome.cases);
  outcome.is_virtual = type_.is_virtual;
  outcome.interrupted = stop_;
  return outcome;
}

}  // namespace

std::vector<std::size_t> round_order(std::uint64_t seed, int round, std::size_t cases) {
  // std::shuffle and the standard distributions differ between libraries; these two do not.
  std::seed_seq mixed{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                      static_cast<std::uint32_t>(round)};
  std::mt19937_64 random(mixed);
  std::vector<std::size_t> order(cases);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = cases; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

Result<RunOutcome> run_scenario(const Scenario& scenario, const Registry& registry,
                                const FinishedTrials& finished, RunSink& sink, Progress& progress,
                                const StopFlag& stop) {
  return Run(scenario, registry, sink, progress, stop).run(finished);
}

}  // namespace pktbench
