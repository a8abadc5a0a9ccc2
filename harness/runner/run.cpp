#include "harness/runner/run.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <utility>

#include "harness/core/lookup.hpp"
#include "harness/core/method.hpp"
#include "harness/method/session.hpp"
#include "harness/runner/testbed_set.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/process_use.hpp"
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

class Run {
 public:
  Run(const Scenario& scenario, const Registry& registry, Observer& observer, const StopFlag& stop)
      : scenario_(scenario),
        registry_(registry),
        type_(*find_by_name(registry.testbeds, scenario.testbed)),
        method_(scenario.method->make(scenario.method_options)),
        observer_(observer),
        stop_(stop) {}

  Result<RunOutcome> run(const FinishedTrials& finished) {
    take_over(finished);
    auto made = testbeds_.up(type_, scenario_, set_up_);
    if (!made) return made.error();
    std::size_t left = 0;
    for (const CaseState& state : cases_) left += method_->trials_left(state.result);
    made = testbeds_.start_meters();
    if (made) {
      made = observer_.on_testbeds_up(testbeds_.all());
      if (made) {
        say_shared_cpus();
        observer_.on_begin(left);
        made = rounds();
        if (auto closed = close_session(); made && !closed) made = closed;
        observer_.on_end();
      }
      // What the ports are like afterwards is seen through their kernel drivers.
      if (auto r = testbeds_.take_back(); made && !r) made = r;
      observer_.on_testbeds_down(testbeds_.all());
    }
    RunOutcome outcome;
    if (auto down = testbeds_.down(); !down) outcome.not_restored = down.error().message;
    if (!made) return made.error();

    outcome.cases = results();
    for (CaseResult& c : outcome.cases)
      for (int round = 0; round < c.rounds_planned; ++round)
        c.rounds_done += !method_->next(c, round);
    method_->conclude(outcome.cases);
    outcome.interrupted = stop_;
    return outcome;
  }

 private:
  struct CaseState {
    CaseResult result;
    int failures = 0;
    int order = 0;  // its place in the round that is on
  };

  void take_over(const FinishedTrials& finished) {
    for (const CaseSpec& spec : scenario_.cases) {
      CaseState state;
      state.result.spec = spec;
      state.result.rounds_planned = method_->rounds();
      if (const auto* trials = find_in(finished, spec.id))
        for (const TrialRecord& trial : *trials) {
          (trial.bpf_stats ? state.result.bpf_trials : state.result.trials).push_back(trial);
          set_up_ = std::max(set_up_, trial.restart + 1);
        }
      cases_.push_back(std::move(state));
    }
  }

  // The reason why a case cannot be made at all; empty where it may be tried.
  std::string impossible(const CaseSpec& spec) const {
    const BackendType& backend = *find_by_name(registry_.backends, spec.backend);
    const GeneratorType& generator = *find_by_name(registry_.generators, spec.generator);
    // A simulated part says by its name where it belongs.
    const auto remedy = [&](const char* memory, const char* network) -> std::string {
      if (type_.medium == Medium::memory) return memory;
      return type_.medium == Medium::network ? network : "";
    };
    if (!backend.media.contains(type_.medium))
      return "backend " + backend.name + " does not work on testbed " + type_.name +
             remedy(", which has no network device; use veth, with generator xdp-live", "");
    if (!generator.media.contains(type_.medium))
      return "generator " + generator.name + " does not work on testbed " + type_.name +
             remedy(", which has no network device; use generator memory",
                    ", which has network devices; use generator xdp-live");
    if (generator.one_queue && spec.queues > 1)
      return "generator " + generator.name + " sends into one RX queue and not into " +
             std::to_string(spec.queues) + "; use packet-sendmmsg or udp-sendmmsg";
    if (const std::string* why = find_in(backend.cannot, spec.workload))
      return "backend " + backend.name + ": " + *why;
    if (!contains(backend.workloads, spec.workload))
      return "backend " + backend.name + " cannot do workload " + spec.workload + "; it can do " +
             fmt::format("{}", fmt::join(backend.workloads, ", "));
    if (spec.stamped) {
      const auto others = [this](const auto& types) {
        std::vector<std::string> names;
        for (const auto& type : types)
          if (type.stamps && type.media.contains(type_.medium)) names.push_back(type.name);
        return fmt::format("; these do: {}", fmt::join(names, ", "));
      };
      if (!backend.stamps && !spec.sends_back)
        return "backend " + backend.name + " does not record when it gets a frame" +
               others(registry_.backends);
      if (const std::string why = without_stamp(backend, spec); !why.empty())
        return why + "; use the stamp software";
      if (!generator.stamps)
        return "generator " + generator.name + " does not stamp its frames" +
               others(registry_.generators);
    }
    if (spec.forwards && spec.traffic.ip != 4)
      return "workload " + spec.workload + " is of IPv4; set the scenario's \"ip\" to 4";
    if (spec.forwards && spec.traffic.frame_size > kMaxStandardFrameSize)
      return fmt::format("workload {} is of frames of up to {} bytes, and not of {}", spec.workload,
                         kMaxStandardFrameSize, spec.traffic.frame_size);
    if (auto reason = backend.probe(); !reason.empty())
      return "backend " + backend.name + ": " + reason;
    if (auto reason = generator.probe(); !reason.empty())
      return "generator " + generator.name + ": " + reason;
    return "";
  }

  static std::string without_stamp(const BackendType& backend, const CaseSpec& spec) {
    if (spec.stamp == Stamp::software) return "";
    if (spec.sends_back)
      return fmt::format(
          "frames that come back have no stamp of the {}: a program counts them at the generator's "
          "port",
          to_string(spec.stamp));
    const std::string* why = find_in(backend.cannot_stamp, spec.stamp);
    return why ? fmt::format("backend {} has no stamps of the {}: {}", backend.name,
                             to_string(spec.stamp), *why)
               : "";
  }

  void say_shared_cpus() {
    if (type_.medium == Medium::simulated) return;
    const unsigned queues = scenario_.queues.most;
    for (std::size_t i = 0; i < scenario_.testbeds.size(); ++i) {
      const std::vector<int>& cpus = testbeds_.at(i).dut().port().cpus;
      if (cpus.empty() || cpus.size() >= queues) continue;
      const std::string& label = scenario_.testbeds[i].label;
      observer_.on_detail(
          fmt::format("{} queues of {} share CPU{} {}: name more in /testbed/dut_cpu "
                      "where there are more",
                      queues, label.empty() ? type_.name : label, cpus.size() == 1 ? "" : "s",
                      sys::cpus_text(cpus)));
    }
  }

  Result<void> open_session(const CaseSpec& spec, const Step& step) {
    Testbed& testbed = testbeds_.at(spec.testbed);
    // Whatever this thread does between windows must not be on the DUT's CPU.
    if (const Port& from = testbed.generator().port();
        from.here() && type_.medium != Medium::simulated)
      if (auto r = sys::pin_thread(0, from.cpus.front()); !r) return r;
    auto mended = testbed.mend();
    if (!mended) return mended.error();
    for (const std::string& what : *mended) observer_.on_detail(what);
    if (auto r = testbed.use_queues(spec.queues); !r) return r;
    if (auto r = testbed.use_frames(spec.traffic); !r) return r;
    const bool on = spec.telemetry;
    auto meter = testbeds_.meter_for_trial(spec.testbed, on);
    if (!meter) return meter.error();
    session_of_ = &spec;
    session_bpf_ = step.bpf_stats;
    return method::Session::open(
               spec, step.plan, ++tag_,
               {testbed, find_by_name(registry_.backends, spec.backend)->make(),
                testbed.generator().source(
                    spec.generator, find_by_name(registry_.generators, spec.generator)->make()),
                meter->meter, on ? meter->missing : "the scenario has telemetry off for this case",
                step.bpf_stats, [&](const method::Tick& tick) { observer_.on_tick(spec, tick); },
                [&] { observer_.on_window(spec); }},
               stop_)
        .into(session_);
  }

  Result<void> close_session() {
    session_.reset();
    const CaseSpec* of = std::exchange(session_of_, nullptr);
    return of ? testbeds_.trial_ended(of->testbed) : Result<void>{};
  }

  Result<TrialRecord> attempt(const CaseSpec& spec, const Step& step) {
    const bool keep = step.start == Start::kept && session_ && session_->usable() &&
                      session_of_ == &spec && session_bpf_ == step.bpf_stats;
    if (!keep) {
      if (auto r = close_session(); !r) return r.error();
      if (auto r = open_session(spec, step); !r) {
        const Error error = r.error();
        if (auto closed = close_session(); !closed) return closed.error();
        return error;
      }
    }
    auto trial = session_->measure(step.plan);
    // A start of its own may mend what made it invalid.
    if (step.start == Start::alone || !trial || trial->status != TrialStatus::ok)
      if (auto r = close_session(); !r) return r.error();
    return trial;
  }

  // Of a trial for the run time of BPF programs: the case itself goes on.
  void give_up(CaseState& state, const Step& step, CaseStatus status, const std::string& reason) {
    CaseResult& result = state.result;
    const std::size_t left = method_->trials_left(result);
    if (result.bpf_reason.empty() || step.bpf_stats) result.bpf_reason = reason;
    if (step.bpf_stats) {
      state.failures = 0;
      return observer_.on_skipped(result.spec, left - method_->trials_left(result),
                                  "no run time of BPF programs: " + reason);
    }
    result.decided = true;
    result.status = status;
    result.reason = reason;
    observer_.on_skipped(result.spec, left, fmt::format("{}: {}", to_string(status), reason));
  }

  Result<void> make_trial(CaseState& state, int round, const Step& step) {
    CaseResult& result = state.result;
    TrialPlace place{round, std::max(method_->rounds(), round + 1)};
    observer_.on_trial_started(result.spec, place);
    const std::string started_at = sys::rfc3339_utc(sys::utc_now());
    auto trial = attempt(result.spec, step);
    state.failures = trial ? 0 : state.failures + 1;
    TrialRecord record;
    if (trial) {
      record = std::move(*trial);
    } else {
      const Error& error = trial.error();
      if (error.code == ErrorCode::interrupted || stop_) return {};
      if (error.code == ErrorCode::invalid_input) return error;
      if (error.code == ErrorCode::unsupported) {
        give_up(state, step, CaseStatus::unsupported, error.message);
        return {};
      }
      record.reason = error.message;
      if (!error.detail.empty()) observer_.on_detail(error.detail);
    }
    record.started_at = started_at;
    if (const auto use = sys::process_use()) {
      record.rss_bytes = use->rss_bytes;
      record.open_fds = use->open_fds;
    }
    record.bpf_stats = step.bpf_stats;
    record.index = static_cast<int>(result.trials.size() + result.bpf_trials.size());
    record.round = round;
    record.restart = set_up_;
    record.order = state.order;
    const std::size_t left = method_->trials_left(result);
    (step.bpf_stats ? result.bpf_trials : result.trials).push_back(record);
    const auto next = record.disturbed ? method_->next(result, round) : std::nullopt;
    const bool again = next && next->bpf_stats == step.bpf_stats;
    // In a round beyond those planned each trial that needs no other is one more.
    place.ended =
        round < method_->rounds() ? left - method_->trials_left(result) : std::size_t{!again};
    if (auto r = observer_.on_trial_ended(result.spec, record, place, again); !r) return r;
    if (state.failures >= kGiveUpAfter) give_up(state, step, CaseStatus::failed, record.reason);
    return {};
  }

  // Each wanted case in the round's own order, until the method has no trial more for it.
  Result<void> round(int round, const std::vector<bool>& wanted) {
    const std::vector<std::size_t> order = round_order(scenario_.order_seed, round, cases_.size());
    for (std::size_t i = 0; i < order.size() && !stop_; ++i) {
      CaseState& state = cases_[order[i]];
      if (!wanted[order[i]]) continue;
      state.order = static_cast<int>(i);
      while (!state.result.decided && !stop_) {
        const auto step = method_->next(state.result, round);
        if (!step) break;
        if (auto r = make_trial(state, round, *step); !r) return r;
      }
    }
    return {};
  }

  std::vector<CaseResult> results() const {
    std::vector<CaseResult> made;
    for (const CaseState& state : cases_) made.push_back(state.result);
    return made;
  }

  Result<void> extra_rounds() {
    for (int extra = 0; extra < method_->extra_rounds() && !stop_; ++extra) {
      std::vector<bool> wanted = method_->wants_more(results());
      for (std::size_t i = 0; i < wanted.size(); ++i)
        wanted[i] = wanted[i] && !cases_[i].result.decided;
      const auto cases = std::ranges::count(wanted, true);
      if (cases == 0) return {};
      observer_.on_more(static_cast<std::size_t>(cases),
                        fmt::format("{} of {} cases have too few trials in the condition of most: "
                                    "one more",
                                    cases, cases_.size()));
      if (auto r = round(method_->rounds() + extra, wanted); !r) return r;
    }
    return {};
  }

  Result<void> rounds() {
    for (CaseState& state : cases_)
      if (auto reason = impossible(state.result.spec); !reason.empty())
        give_up(state, {}, CaseStatus::unsupported, reason);
    const std::vector<bool> all(cases_.size(), true);
    for (int number = 0; number < method_->rounds() && !stop_; ++number) {
      if (!has_work(number)) continue;
      const int block = block_of(number, method_->rounds(), scenario_.restarts);
      if (const int last = std::exchange(block_, block); last >= 0 && last != block)
        if (auto r = restart(); !r) return r;
      if (auto r = round(number, all); !r) return r;
    }
    return extra_rounds();
  }

  bool has_work(int round) const {
    return std::ranges::any_of(cases_, [&](const CaseState& state) {
      return !state.result.decided && method_->next(state.result, round);
    });
  }

  // New devices, threads and memory: what a run draws by chance is drawn again.
  Result<void> restart() {
    if (auto r = close_session(); !r) return r;
    if (auto r = testbeds_.take_back(); !r) return r;
    if (auto r = testbeds_.down(); !r) return r;
    testbeds_ = {};
    observer_.on_detail(
        fmt::format("the testbed is set up anew: block {} of {}", block_ + 1, scenario_.restarts));
    // A testbed chooses of the CPUs that this thread has.
    if (auto r = sys::place_thread(0, own_cpus_); !r) return r;
    if (auto r = testbeds_.up(type_, scenario_, ++set_up_); !r) return r;
    return testbeds_.start_meters();
  }

  const Scenario& scenario_;
  const Registry& registry_;
  const TestbedType& type_;
  std::unique_ptr<const Method> method_;
  Observer& observer_;
  const StopFlag& stop_;

  TestbedSet testbeds_;
  const std::vector<int> own_cpus_ = sys::allowed_cpus();
  int set_up_ = 0;  // of the testbeds, as trials record it
  int block_ = -1;  // of the round before; -1: there was none
  std::uint32_t tag_ = random_tag();
  std::vector<CaseState> cases_;

  std::unique_ptr<method::Session> session_;  // null: none is open
  const CaseSpec* session_of_ = nullptr;
  bool session_bpf_ = false;
};

}  // namespace

int block_of(int round, int rounds, int restarts) {
  return std::min(restarts - 1, static_cast<int>(std::int64_t{round} * restarts / rounds));
}

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
                                const FinishedTrials& finished, Observer& observer,
                                const StopFlag& stop) {
  return Run(scenario, registry, observer, stop).run(finished);
}

}  // namespace pktbench
