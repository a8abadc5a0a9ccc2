// The xdp-live generator: the kernel itself makes frames and redirects them into the device
// (BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES). The fastest generator without a NIC.
//
// All its frames arrive on one RX queue: a redirect chooses the queue by the sending CPU.
// It occupies its CPU fully from start() to stop(), also while the gate is shut.
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "bpf/frame.h"
#include "bpf/live_generator.h"
#include "bpf/live_generator.skel.h"
#include "bpf/stamp.h"
#include "harness/core/delays.hpp"
#include "harness/core/registry.hpp"
#include "harness/sys/bpf.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/mapped.hpp"
#include "harness/sys/netns.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/traffic/frame_set.hpp"

namespace pktbench::traffic {

namespace {

// Ends the kernel's loop, which returns on any signal. The handler does nothing; the default action
// would end the process.
constexpr int kStopSignal = SIGUSR2;

// Each call that leaves frames in flight costs about 23 ms of idling, so one call lasts as long as
// it can: the kernel's counter is 32 bits wide, and the program runs up to 40 million times a
// second. One that has lasted for a while is ended before the gate opens, so that none ends in a
// window of less than 100 s.
constexpr auto kRepeat = static_cast<int>(0xffffff00);
constexpr std::uint64_t kOldCall = 5'000'000'000;  // ns

// A batch takes microseconds; this is for a host that does not schedule the thread.
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::microseconds kStep{1000};

// The kernel gives a frame one page, of which it needs some bytes in front and behind.
constexpr std::uint32_t kMaxLiveFrame = 3000;

pb_live_addresses addresses_of(const FrameSet& set) {
  const std::vector<std::uint8_t>& frame = set.largest();
  const std::size_t daddr = set.ipv6() ? PB6_OFF_DADDR + PB6_PREFIX_LEN : PB_OFF_DADDR;
  pb_live_addresses a{};
  std::memcpy(&a.macs, &frame[0], sizeof a.macs);
  std::memcpy(&a.macs_rest, &frame[8], sizeof a.macs_rest);
  std::memcpy(&a.daddr, &frame[daddr], sizeof a.daddr);
  if (!set.ipv6()) std::memcpy(&a.ttl, &frame[PB_OFF_TTL], sizeof a.ttl);
  std::memcpy(&a.dport, &frame[set.ipv6() ? PB6_OFF_DPORT : PB_OFF_DPORT], sizeof a.dport);
  return a;
}

class XdpLive final : public TrafficSource, public DelayRecorder {
 public:
  ~XdpLive() override { stop(); }

  Result<void> start(const TrafficConfig& config) override {
    config_ = config;
    batch_ = option<std::uint32_t>(config.options, "batch");
    if (config.traffic.frame_size > kMaxLiveFrame)
      return make_error(ErrorCode::unsupported,
                        "xdp-live has one page for a frame, and so sends none of more than {} "
                        "bytes; use packet-sendmmsg",
                        kMaxLiveFrame);
    if (auto r = FrameSet::build(config).into(set_); !r) return r;
    frame_ = set_.largest();

    auto inside = sys::NetnsScope::enter(config.from.netns_path);
    if (!inside) return inside.error();
    sys::LibbpfLog log;
    skeleton_.reset(live_generator__open());
    if (!skeleton_) return log.failure("open the xdp-live program", errno);
    std::ranges::copy(set_.places(), const_cast<pb_frame_template*>(skeleton_->rodata->templates));
    skeleton_->rodata->period = static_cast<__u32>(set_.places().size());
    skeleton_->rodata->turn = set_.turn();
    skeleton_->rodata->largest = static_cast<__u32>(frame_.size());
    skeleton_->rodata->ipv6 = set_.ipv6() ? 1 : 0;
    skeleton_->rodata->addresses = addresses_of(set_);
    skeleton_->rodata->flows = config.traffic.flows;
    // A frame that waits for others to be flushed would be late by that.
    if (config.stamped) batch_ = 1;
    burst_ = config.stamped ? 1 : option<std::uint32_t>(config.options, "burst");
    skeleton_->rodata->burst = burst_;
    skeleton_->rodata->stamped = config.stamped;
    if (!config.stamped) bpf_map__set_autocreate(skeleton_->maps.lateness, false);
    flush_ = batch_;
    // A veth hands its frames to the other end at once, whose ring has the place `veth_ring_full`.
    const auto driver = sys::driver_info(config.from.name);
    const bool has_peer = driver && driver->driver == "veth";
    skeleton_->rodata->our_ifindex = static_cast<int>(config.from.ifindex);
    skeleton_->rodata->our_netns = static_cast<unsigned>(sys::netns_number());
    bpf_program__set_autoload(skeleton_->progs.count_not_taken, !has_peer);
    if (int error = live_generator__load(skeleton_.get()); error)
      return log.failure("load the xdp-live program", -error);
    if (config.stamped)
      if (auto r = sys::map_shared<const pb_delays>(bpf_map__fd(skeleton_->maps.lateness), 1,
                                                    PROT_READ, "map the delays of xdp-live")
                       .into(lateness_);
          !r)
        return r;
    const __u32 slot = 0;
    const __u32 device = config.from.ifindex;
    if (int error =
            bpf_map_update_elem(bpf_map__fd(skeleton_->maps.device), &slot, &device, BPF_ANY))
      return system_error("point the xdp-live generator at " + config.from.name, -error);
    if (!has_peer) {
      bpf_link* link = bpf_program__attach(skeleton_->progs.count_not_taken);
      if (!link)
        return log.failure("count what the driver of " + config.from.name + " takes", errno);
      skeleton_->links.count_not_taken = link;
    }

    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(kStopSignal, &action, nullptr);  // no SA_RESTART: the call must return
    running_ = true;
    ended_ = false;
    thread_ = std::thread([this] {
      run();
      ended_ = true;
    });
    // Until the program runs, open() would count the kernel's set-up time against the rate.
    if (comes_true([this] { return load(state().idle) != 0; })) return {};
    const int error = error_;
    stop();
    if (error) {
      Error e = system_error(
          fmt::format("run the xdp-live program on CPU {}", config.from.cpus.at(0)), error);
      if (error == EINVAL || error == EOPNOTSUPP) {
        e.code = ErrorCode::unsupported;
        e.message += " (live frames need Linux 5.18)";
      }
      return e;
    }
    return make_error(ErrorCode::failed, "the xdp-live program did not run within 10 s");
  }

  void open(std::uint64_t limit, std::optional<double> rate_pps) override {
    // A burst goes in one flush, or two where it begins between them.
    begin_call(rate_pps && burst_ > 1 ? burst_ : batch_);
    rate_pps_ = rate_pps;
    control().interval_q =
        rate_pps
            ? static_cast<__u64>(std::llround(1e9 * (1u << PB_RATE_SHIFT) * burst_ / *rate_pps))
            : 0;
    limit_ = limit;
    sent_at_open_ = load(state().sent);
    opened_ns_ = sys::monotonic_ns();
    control().limit = limit;
    __atomic_store_n(&control().epoch, control().epoch + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&control().gate, 1u, __ATOMIC_RELEASE);
  }

  bool finished() override { return epoch_seen() && load(state().remaining) == 0; }

  Result<void> close() override {
    __atomic_store_n(&control().gate, 0u, __ATOMIC_RELEASE);
    const std::uint64_t closed_ns = sys::monotonic_ns();
    // Two batches without a frame: whatever was redirected before has been flushed into the device.
    const std::uint64_t at_rest = load(state().idle) + 2 * flush_ + 1;
    if (!comes_true([&] { return load(state().idle) >= at_rest; }, kStep / 10)) {
      if (error_) return system_error("the xdp-live generator ended", error_);
      return make_error(ErrorCode::failed,
                        "the xdp-live generator did not come to rest within 10 s");
    }
    if (rate_pps_ && opened_ns_) {
      const double due = *rate_pps_ * static_cast<double>(closed_ns - opened_ns_) / 1e9;
      const std::uint64_t wanted = std::min(limit_, static_cast<std::uint64_t>(due));
      const std::uint64_t sent = load(state().sent) - sent_at_open_;
      if (wanted > sent) unsent_ += wanted - sent;
    }
    opened_ns_ = 0;
    return {};
  }

  Result<SentCounters> sample() override {
    if (error_) return system_error("the xdp-live generator ended", error_);
    SentCounters counters;
    counters.not_taken = load(skeleton_->data_not_taken->not_taken);
    const std::uint64_t sent = load(state().sent);
    counters.packets = sent - counters.not_taken;
    // Which of a mix were not taken is not known: so many have about the mean size.
    counters.bytes = set_.bytes_of(sent) - set_.bytes_of(counters.not_taken);
    counters.unsent = unsent_;
    return counters;
  }

  Result<std::vector<DelayCounts>> delays() override {
    return std::vector{delay_counts(*lateness_)};
  }

  // Where a device takes no redirected frames, they are gone without a count.
  std::string when_none_arrives() const override {
    constexpr const char* kOthers = "use generator packet-sendmmsg or udp-sendmmsg";
    const std::string& to = config_.to.name;
    auto inside = sys::NetnsScope::enter(config_.to.netns_path);
    const auto driver = sys::driver_info(to);
    if (inside && driver && driver->driver == "veth") {
      const auto gro = sys::get_offload(to, sys::Offload::gro);
      if (gro && !*gro)
        return "frames of xdp-live reach a veth only where it has native XDP or GRO, and GRO of " +
               to + " is off: ethtool -K " + shell_word(to) + " gro on, or " + kOthers;
    }
    return "xdp-live redirects frames into " + config_.from.name +
           ", whose driver may take none without an XDP program of its own; " + kOthers;
  }

  bool redirects() const override { return true; }
  std::vector<pid_t> threads() const override { return {tid_.load()}; }

  void stop() noexcept override {
    if (skeleton_) __atomic_store_n(&control().gate, 0u, __ATOMIC_RELEASE);
    running_ = false;
    if (thread_.joinable()) {
      // A signal that comes just before the call would be lost, so it is sent until the thread
      // ends.
      while (!ended_) {
        pthread_kill(thread_.native_handle(), kStopSignal);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      thread_.join();
    }
    lateness_.reset();
    skeleton_.reset();
  }

 private:
  // Per call, of which there is one a minute or less: one system call. Per frame: none of this.
  void run() {
    tid_ = sys::current_tid();
    auto inside = sys::NetnsScope::enter(config_.from.netns_path);
    const Result<void> placed =
        inside ? sys::pin_thread(0, config_.from.cpus.at(0)) : inside.error();
    if (!placed) {
      error_ = placed.error().sys_errno;
      return;
    }
    while (running_) {
      call_began_ns_ = sys::monotonic_ns();
      ++calls_;
      xdp_md context{};
      context.data_end = static_cast<__u32>(frame_.size());
      LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame_.data(),
                  .data_size_in = static_cast<__u32>(frame_.size()), .ctx_in = &context,
                  .ctx_size_in = sizeof context, .repeat = kRepeat,
                  .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = flush_);
      const int r = bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.generate), &options);
      if (r != 0 && r != -EINTR) {
        error_ = -r;
        return;
      }
    }
  }

  // What is flushed together is fixed for a call of the kernel's loop: where that is to change, or
  // the call is old, this one ends, and the next begins.
  void begin_call(std::uint32_t frames) {
    if (flush_.exchange(frames) == frames && sys::monotonic_ns() - call_began_ns_ < kOldCall)
      return;
    const std::uint64_t calls = calls_;
    comes_true([&] {
      if (calls_ != calls) return true;
      // A signal that comes just before the call would be lost.
      pthread_kill(thread_.native_handle(), kStopSignal);
      return false;
    });
    // The kernel's set-up time must not count against the rate.
    const std::uint64_t idle = load(state().idle);
    comes_true([&] { return load(state().idle) != idle; });
  }

  pb_live_control& control() { return skeleton_->data_control->control; }
  const pb_live_state& state() const { return skeleton_->data_state->state; }
  bool epoch_seen() const {
    return load(state().remaining_epoch) == skeleton_->data_control->control.epoch;
  }

  // Looks every `step`; false where the thread has failed, or after kPatience.
  template <class Condition>
  bool comes_true(Condition condition, std::chrono::microseconds step = kStep) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (error_ || std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(step);
    }
    return true;
  }

  // The program writes these words on another CPU while this side reads them.
  template <class T>
  static T load(const T& word) {
    return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
  }

  TrafficConfig config_;
  FrameSet set_;
  std::vector<unsigned char> frame_;     // the largest
  std::uint32_t batch_ = 1;              // frames to a flush at the highest rate
  std::uint32_t burst_ = 1;              // frames that are due together at a fixed one
  std::atomic<std::uint32_t> flush_{1};  // calls of the program to a flush of what it redirected
  std::atomic<std::uint64_t> calls_{0};  // of the kernel's loop
  std::atomic<std::uint64_t> call_began_ns_{0};
  std::optional<double> rate_pps_;  // of the last open()
  sys::SkeletonPtr<live_generator, live_generator__destroy> skeleton_;
  sys::Mapped<const pb_delays> lateness_;  // null: frames are not stamped
  std::thread thread_;
  std::atomic<pid_t> tid_{0};
  std::atomic<bool> running_{false};
  std::atomic<bool> ended_{true};
  std::atomic<int> error_{0};  // errno of a call that failed
  std::uint64_t opened_ns_ = 0;
  std::uint64_t sent_at_open_ = 0;
  std::uint64_t limit_ = 0;
  std::uint64_t unsent_ = 0;
};

std::string probe() {
  if (auto missing = sys::missing_capabilities(); !missing.empty())
    return "needs " + missing.front();
  if (libbpf_probe_bpf_map_type(BPF_MAP_TYPE_DEVMAP, nullptr) != 1)
    return "this kernel has no DEVMAP (CONFIG_BPF_SYSCALL)";
  return "";
}

}  // namespace

GeneratorType xdp_live_generator() {
  return {
      .name = "xdp-live",
      .summary = "frames made and redirected in the kernel by BPF_PROG_TEST_RUN",
      // The kernel keeps as many pages for frames to come back to as `batch` may be.
      .options = {number_option("batch", 256, 1, 256,
                                "frames per redirect flush; bursts have their own"),
                  number_option("burst", 16, 1, 256,
                                "at a fixed rate, frames that are due together, in place of batch; "
                                "1: each by itself")},
      .probe = probe,
      .make = [] { return std::make_unique<XdpLive>(); },
      .one_queue = true,
      .stamps = true};
}

}  // namespace pktbench::traffic
