#include "harness/method/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "harness/core/frame_mix.hpp"
#include "harness/measure/bpf_run_time.hpp"
#include "harness/method/accounting.hpp"
#include "harness/method/first_frames.hpp"
#include "harness/method/flip/flip_window.hpp"
#include "harness/method/latency/delay_watch.hpp"
#include "harness/method/snapshot.hpp"
#include "harness/method/strays.hpp"
#include "harness/method/surroundings.hpp"
#include "harness/method/validity.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench::method {

namespace {

// Of threads that a busy host leaves waiting. Only what does not come at all takes that long.
constexpr std::uint64_t kConfirmTimeout = 10'000 * kMillisecond;

std::uint64_t to_ns(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

Error interrupted() { return make_error(ErrorCode::interrupted, "interrupted"); }

class AttachedCase final : public Session {
 public:
  AttachedCase(const CaseSpec& spec, std::uint32_t tag, SessionParties parties,
               const StopFlag& stop)
      : spec_(spec),
        tag_(tag),
        p_(std::move(parties)),
        generator_(p_.testbed.generator()),
        dut_(p_.testbed.dut()),
        taker_(&generator_),
        clock_(p_.testbed.clock()),
        stop_(stop),
        surroundings_(p_.testbed, spec, plan_),
        strays_(p_.testbed, plan_, stop, [this] { return snapshot(); }) {}
  ~AttachedCase() override {
    p_.traffic->stop();
    p_.backend->stop();
    for (End* end : ends()) end->release_returned();
  }

  Result<void> attach(const TrialPlan& plan) {
    plan_ = plan;
    if (auto r = start(); !r) return r;
    return find_baseline();
  }

  Result<TrialRecord> measure(const TrialPlan& plan) override {
    plan_ = plan;
    record_ = {};
    record_.mode = mode_;
    record_.bpf_stats = p_.bpf_stats;
    facts_ = {.owners = cpu_owners(),
              .generator = spec_.generator,
              .reference_clock = clock_.reference(),
              .unnamed_loss = p_.testbed.unnamed_loss()};
    window_done_ = false;
    const std::uint64_t began = clock_.now_ns();
    if (!strays_.steady())
      if (auto r = measure_window(); !r) {
        usable_ = false;
        return r.error();
      }
    record_.effective_s = static_cast<double>(clock_.now_ns() - began) / 1e9;
    if (strays_.any()) name_strays();
    if (stop_) return interrupted();
    if (window_done_)
      judge_trial(plan_, facts_, record_);
    else
      judge_windowless(facts_.disturbances, record_);
    return record_;
  }

  bool usable() const override { return usable_; }

 private:
  // All that the case has.
  std::vector<End*> ends() const {
    std::vector<End*> all = {&generator_, &dut_};
    if (dut_out_) all.insert(all.end(), {dut_out_, taker_});
    return all;
  }
  // What the workload sends comes to the generator, and is counted there.
  bool takes_frames() const { return spec_.sends_back || spec_.forwards; }

  CpuOwners cpu_owners() const {
    CpuOwners owners{dut_.port().cpus, generator_.port().cpus, dut_.softirq_cpus(),
                     dut_.own_interrupts()};
    if (p_.testbed.dut_idle() == "spin") owners.idle_spins = owners.dut;
    return owners;
  }

  Result<void> start() {
    BackendConfig backend;
    backend.options = spec_.backend_options;
    backend.port = dut_.port();
    if (auto r = p_.testbed.lend(p_.backend->takes(backend)); !r) return r;
    if (spec_.forwards) {
      if (auto r = p_.testbed.use_second_ports(); !r) return r;
      dut_out_ = p_.testbed.dut_out();
      taker_ = p_.testbed.generator_in();
      backend.hop = Hop{dut_out_->port(), taker_->port().mac, taker_->port().ipv4};
    }
    backend.port = dut_.port();
    backend.workload = spec_.workload;
    if (!spec_.filter_ports.empty()) backend.filter_ports = spec_.filter_ports;
    backend.traffic = spec_.traffic;
    backend.trial_tag = tag_;
    backend.stamped = spec_.stamped && !spec_.sends_back;
    backend.stamp = spec_.stamp;
    if (auto r = has_stamps(dut_.port(), spec_.stamp); !r) return r;
    if (auto r = p_.backend->start(backend).into(mode_); !r) return r.error();

    if (p_.bpf_stats) {
      const std::vector<std::uint32_t> programs = p_.backend->programs();
      if (programs.empty())
        return make_error(ErrorCode::unsupported,
                          spec_.backend + " runs no BPF program on the host");
      if (auto r = measure::BpfRunTimeMeter::start(programs).into(bpf_); !r) return r;
    }

    if (takes_frames())
      if (auto r = taker_->take_returned(tag_, spec_.stamped).into(generator_threads_); !r)
        return r;
    if (!spec_.sends_back && p_.traffic->redirects())
      if (auto r = generator_.let_redirects_out(); !r) return r;
    if (dut_out_ && p_.backend->redirects_out())
      if (auto r = dut_out_->let_redirects_out(); !r) return r;

    // Attaching a program makes the kernel replace the device's NAPI threads.
    for (End* end : ends()) {
      if (end == &dut_) continue;
      const auto settled = end->settle(false);
      if (!settled) return settled.error();
      generator_threads_.insert(generator_threads_.end(), settled->begin(), settled->end());
    }
    auto napi = dut_.settle(!p_.backend->threads().empty());
    if (!napi) return napi.error();

    TrafficConfig traffic;
    traffic.from = generator_.port();
    traffic.to = dut_.port();
    if (spec_.forwards) traffic.to.ipv4 = taker_->port().ipv4;
    traffic.traffic = spec_.traffic;
    traffic.trial_tag = tag_;
    traffic.options = spec_.generator_options;
    traffic.stamped = spec_.stamped;
    if (auto r = p_.traffic->start(traffic); !r) return r;
    if (spec_.stamped) {
      const bool simulated = dut_.port().device != nullptr;
      auto made = spec_.sends_back
                      ? DelayWatch::of_returned(generator_, *p_.traffic, simulated)
                      : DelayWatch::of(*p_.backend, *p_.traffic, spec_.stamp, simulated);
      if (auto r = std::move(made).into(delays_); !r) return r;
    }
    return name_parts(*napi);
  }

  Result<void> name_parts(const std::vector<pid_t>& napi) {
    TrialParts parts;
    CpuRoles& roles = parts.roles;
    roles[sys::current_tid()] = CpuClass::control;
    roles[getpid()] = CpuClass::control;
    for (pid_t tid : napi) roles[tid] = CpuClass::napi;
    for (pid_t tid : p_.backend->threads()) roles[tid] = CpuClass::application;
    for (pid_t tid : p_.traffic->threads()) roles[tid] = CpuClass::generator;
    for (pid_t tid : generator_threads_) roles[tid] = CpuClass::generator;
    for (pid_t tid : p_.testbed.idle_threads()) roles[tid] = CpuClass::idle;
    if (p_.meter)
      if (auto r = p_.meter->set_roles(roles); !r) return r;
    parts.programs = p_.backend->programs();
    for (const End* end : ends())
      for (const std::uint32_t id : end->programs()) parts.programs.push_back(id);
    surroundings_.watch(parts);
    return {};
  }

  Result<Snapshot> snapshot() {
    Snapshot s;
    if (auto r = p_.traffic->sample().into(s.sent); !r) return r.error();
    if (auto r = p_.backend->sample().into(s.received); !r) return r.error();
    if (auto r = dropped_at_ends(p_.testbed).into(s.drops); !r) return r.error();
    if (generator_.on_wire()) {
      s.left_the_port = generator_.mac().sent;
      for (const End* end : {&generator_, &dut_})
        if (const auto paused = end->mac().paused)
          s.pause_frames = s.pause_frames.value_or(0) + *paused;
    }
    for (const auto& [place, n] : s.received.drops) s.drops[place] += n;
    // Since start(): the device's count is older than the backend, and so never the smaller one.
    const std::string at_device = dut_.receive_drop_place();
    if (s.received.drops_at_device_too && !at_device.empty())
      s.drops[at_device] -= s.received.drops_at_device_too;
    if (takes_frames())
      if (auto r = taker_->returned().into(s.returned); !r) return r.error();
    return s;
  }

  Result<Snapshot> drain(const Snapshot& first) {
    const std::uint64_t late = std::max(generator_.counts_late_ns(), dut_.counts_late_ns());
    return method::drain(
        first, [this] { return snapshot(); }, clock_, stop_, late);
  }

  // A program on the wrong queue or device must be found here, and not show as a slow path.
  Result<Snapshot> confirm() {
    auto before = snapshot();
    if (!before) return before;
    const FirstFrames first(spec_, p_.testbed, *taker_);
    p_.traffic->open(first.number(), plan_.rate_pps);
    wait_for_all_sent(clock_.now_ns() + kConfirmTimeout);
    const bool all_sent = p_.traffic->finished();
    if (auto r = p_.traffic->close(); !r) return r.error();
    if (stop_) return interrupted();
    auto after = drain(*before);
    if (!after) return after;
    if (auto r = first.judge(*before, *after, all_sent, plan_.tolerance_packets,
                             p_.traffic->when_none_arrives());
        !r)
      return r.error();
    return after;
  }

  void wait_for_all_sent(std::uint64_t deadline) {
    while (!stop_ && !p_.traffic->finished() && clock_.now_ns() < deadline)
      clock_.sleep_ns(kMillisecond, stop_);
  }

  // Until `limit` frames are sent, where that is one; with what is to be done meanwhile.
  Result<void> open_for(double seconds, std::uint64_t limit = TrafficSource::kNoLimit,
                        const std::optional<FlipPlan>& flip = {}) {
    const ClockReading opened = clock_.read();
    const std::uint64_t until_ns = opened.now_ns + to_ns(seconds);
    Result<void> waited;
    p_.traffic->open(limit, plan_.rate_pps);
    if (flip)
      waited = flip_window(*flip, *live_, *p_.meter, facts_.owners, clock_, until_ns, stop_)
                   .into(record_.flip);
    else if (limit == TrafficSource::kNoLimit)
      clock_.sleep_ns(to_ns(seconds), stop_);
    else
      wait_for_all_sent(until_ns);
    const ClockReading shut = clock_.read();
    facts_.open_ns = shut.now_ns - opened.now_ns;
    facts_.reference_ns = shut.reference_ns - opened.reference_ns;
    auto r = p_.traffic->close();
    if (r && stop_) return interrupted();
    return r ? waited : r;
  }

  // Frames are passed on until the window turns that.
  Result<void> before_flip() {
    if (!plan_.flip) return {};
    live_ = dynamic_cast<LiveControl*>(p_.backend.get());
    if (!live_)
      return make_error(ErrorCode::unsupported, "backend {} cannot be turned while frames come",
                        spec_.backend);
    if (!p_.meter)
      return make_error(ErrorCode::unsupported, "a flip is read by CPU time: {}", p_.meter_missing);
    return live_->turn("pass");
  }

  // Ends without a baseline where frames of others keep coming.
  Result<void> find_baseline() {
    auto attached = snapshot();
    if (!attached) return attached.error();
    if (auto r = strays_.watch_idle(); !r || strays_.steady()) return r;
    if (auto r = confirm().into(baseline_); !r) return r;
    return strays_.watch_idle_if(baseline_.surplus(*attached));
  }

  Result<void> warm_up() {
    if (plan_.warmup_s <= 0) return {};
    if (auto r = open_for(plan_.warmup_s); !r) return r;
    record_.warmup_s = static_cast<double>(facts_.open_ns) / 1e9;
    auto after = drain(baseline_);
    if (!after) return after.error();
    if (p_.on_tick && record_.warmup_s > 0)
      p_.on_tick(
          {"warm-up",
           static_cast<double>(after->sent.packets - baseline_.sent.packets) / record_.warmup_s,
           static_cast<double>(after->received.packets - baseline_.received.packets) /
               record_.warmup_s});
    const bool surplus = after->surplus(baseline_);
    baseline_ = std::move(*after);
    return strays_.watch_idle_if(surplus);
  }

  // Ends without a window where frames of others keep coming.
  Result<void> measure_window() {
    if (auto r = before_flip(); !r) return r;
    // What has come since the last window is not this one's.
    auto now = snapshot();
    if (!now) return now.error();
    const bool came = now->surplus(baseline_);
    baseline_ = std::move(*now);
    if (auto r = strays_.watch_idle_if(came); !r || strays_.steady()) return r;
    if (auto r = warm_up(); !r || strays_.steady()) return r;
    if (p_.on_window) p_.on_window();
    const Snapshot before = baseline_;
    for (End* end : {&generator_, &dut_}) end->take_notes();

    if (plan_.delays)
      if (auto r = delays_->before_window(); !r) return r;
    strays_.before_window();
    surroundings_.before_window();
    std::optional<BpfRunTime> bpf_before;
    if (bpf_)
      if (auto r = bpf_->sample().into(bpf_before); !r) return r.error();
    std::optional<CpuSample> cpu_before;
    std::optional<CpuSample> cpu_after;
    if (p_.meter)
      if (auto r = p_.meter->sample().into(cpu_before); !r) return r.error();
    record_.burst_frames = plan_.burst_frames;
    if (auto r = open_for(plan_.duration_s, plan_.burst_frames.value_or(TrafficSource::kNoLimit),
                          plan_.flip);
        !r)
      return r;
    record_.duration_s = static_cast<double>(facts_.open_ns) / 1e9;
    if (p_.meter)
      if (auto r = p_.meter->sample().into(cpu_after); !r) return r.error();
    // What buffers still hold is received later: it counts for conservation, not for rate and cost.
    auto shut = p_.backend->sample();
    if (!shut) return shut.error();
    facts_.in_window = shut->packets - shut->late - before.received.packets;
    facts_.disturbances = surroundings_.after_window(record_);
    const std::uint64_t closed = clock_.now_ns();
    auto after = drain(before);
    if (!after) return after.error();
    record_.drain_s = static_cast<double>(clock_.now_ns() - closed) / 1e9;
    if (auto r = strays_.after_window(); !r) return r;
    if (stop_) return interrupted();
    if (bpf_) {
      auto sample = bpf_->sample();
      if (!sample) return sample.error();
      record_.bpf_run_time =
          BpfRunTime{sample->runs - bpf_before->runs, sample->ns - bpf_before->ns};
    }

    DropCounts turns = generator_.turns();
    turns.merge(dut_.turns());
    count_between(before, *after, turns, record_);
    if (plan_.delays)
      if (auto r = delays_->after_window(record_, facts_.disturbances); !r) return r;
    record_.on_wire = generator_.on_wire();
    if (record_.left_the_port.value_or(0) > record_.offered.packets)
      record_.notes.push_back(
          fmt::format("{} frames left {} beside the {} that were sent: they are others'",
                      *record_.left_the_port - record_.offered.packets, generator_.port().name,
                      record_.offered.packets));
    for (End* end : {&generator_, &dut_}) {
      for (const auto& [place, why] : end->missing_drops()) record_.missing["drops." + place] = why;
      std::ranges::move(end->take_notes(), std::back_inserter(record_.notes));
    }
    baseline_ = std::move(*after);
    record_.target_pps = plan_.rate_pps;
    set_rates(dut_.port(), mean_frame_size(spec_.traffic), facts_.in_window, record_);
    if (p_.meter)
      charge_record(*cpu_before, *cpu_after, facts_.owners, *p_.meter, facts_.in_window,
                    ticks_between(before.received, *shut), record_);
    else
      no_cost(record_, p_.meter_missing);
    strays_.count(record_);
    window_done_ = true;
    return {};
  }

  // What they are is seen when the backend does not take them.
  void name_strays() {
    p_.traffic->stop();
    p_.backend->stop();
    usable_ = false;
    if (std::string strays = strays_.name(tag_); !strays.empty())
      facts_.disturbances.push_back({kForeignFrames, std::move(strays)});
  }

  const CaseSpec& spec_;
  TrialPlan plan_;  // of the trial that is on
  std::uint32_t tag_;
  SessionParties p_;
  End& generator_;
  End& dut_;
  End* dut_out_ = nullptr;  // of a workload that forwards
  End* taker_ = nullptr;    // of the frames that the workload sends
  Clock& clock_;
  const StopFlag& stop_;
  bool usable_ = true;
  LiveControl* live_ = nullptr;  // the backend's; none but where a flip is planned
  EffectiveMode mode_;
  Snapshot baseline_;  // all that was sent before is accounted for in it
  std::optional<measure::BpfRunTimeMeter> bpf_;
  std::optional<DelayWatch> delays_;      // of a stamped case
  std::vector<pid_t> generator_threads_;  // beside those of the source
  Surroundings surroundings_;
  StrayWatch strays_;

  // Of the trial that is on.
  TrialRecord record_;
  TrialFacts facts_;
  bool window_done_ = false;
};

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const CaseSpec& spec, const TrialPlan& plan,
                                               std::uint32_t tag, SessionParties parties,
                                               const StopFlag& stop) {
  auto made = std::make_unique<AttachedCase>(spec, tag, std::move(parties), stop);
  if (auto r = made->attach(plan); !r) return r.error();
  if (stop) return interrupted();
  return std::unique_ptr<Session>(std::move(made));
}

}  // namespace pktbench::method
