// The backend `af_xdp`: an XDP program hands every frame to the AF_XDP socket of its RX queue, and
// one thread per queue, pinned to the port's CPUs in turn, takes them out of shared memory.
//
// Drops, each frame at one place: af_xdp_rx_ring_full, af_xdp_fill_ring_empty,
// af_xdp_frame_too_long (the sockets' own counts), af_xdp_no_socket (a queue beyond the port's) and
// af_xdp_redirect_failed (redirected, and neither delivered nor counted by a socket). With the
// program in the driver, all but af_xdp_no_socket are failed redirects, which a driver may count as
// drops of its own too: veth does (rx_queue_N_drops), and the generic hook counts them nowhere.
//
// `reflect` sends frames back through the socket they came from; `filter` decides and counts, and
// what passes it ends here, as the stack cannot be reached. `forward` sends out of the second
// port, through a socket of its own on the same queue there that shares the UMEM; what that port's
// driver does not take is out_port_refused. What is made is a FilterControl, too
// (backends/common/workload_state.hpp). Details of a workload are sums over the queues: an address
// that arrives on two of them is two of count-per-ip's `addresses`.
//
// Requested and effective mode are "af_xdp/<copy mode>/<hook>". Needs CAP_NET_RAW, CAP_NET_ADMIN
// and CAP_BPF.
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "backends/af_xdp/receive_loop.hpp"
#include "backends/af_xdp/redirect_program.hpp"
#include "backends/af_xdp/xsk_queue.hpp"
#include "backends/common/bounded_spin.hpp"
#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/common/out_port.hpp"
#include "backends/common/receivers.hpp"
#include "backends/common/workload.hpp"
#include "bpf/counters.h"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

using af_xdp::Idle;
using af_xdp::RedirectProgram;
using af_xdp::XskConfig;
using af_xdp::XskDrops;
using af_xdp::XskQueue;

constexpr std::uint32_t kKeptOfFrame = 256;  // XDP_PACKET_HEADROOM, in front of a frame
constexpr const char* kNotStamped = "a frame goes to its socket before the kernel stamps it";
constexpr const char* kNoMetadata = "its program asks no driver for XDP metadata";
constexpr const char* kCannotPass = "a frame in user space's memory has no way on into the stack";

// What no range in the options' declaration can say.
Result<void> check(const BackendConfig& config) {
  const Options& o = config.options;
  if (config.workload == "pass") return make_error(ErrorCode::unsupported, kCannotPass);
  if (!std::has_single_bit(option<std::uint32_t>(o, "ring_size")))
    return make_error(ErrorCode::invalid_input, "af_xdp: ring_size {} is not a power of two",
                      option<std::uint32_t>(o, "ring_size"));
  if (const auto bytes = option<std::uint32_t>(o, "frame_bytes"); bytes != 2048 && bytes != 4096)
    return make_error(ErrorCode::invalid_input, "af_xdp: frame_bytes is 2048 or 4096, not {}",
                      bytes);
  if (option<std::string>(o, "copy_mode") == "zerocopy" &&
      option<std::string>(o, "attach") == "generic")
    return make_error(ErrorCode::unsupported,
                      "AF_XDP zero-copy needs the program in the driver; set \"attach\": "
                      "\"native\"");
  if (workload_of(config.workload).forwards && !config.hop)
    return make_error(ErrorCode::unsupported, "af_xdp needs a second port to forward to");
  if (auto r = needs_cpu(config.port); !r) return r;
  return needs_queues(config.port, PB_MAX_QUEUES, "af_xdp");
}

// One moment's counts of everything on the way from the program to the loops.
struct Totals {
  pb_xsk_counters program{};
  Counters received;          // without what was dropped
  std::uint64_t pending = 0;  // in the RX rings
  XskDrops drops;

  std::uint64_t missing() const {
    const std::uint64_t found = received.packets + pending + drops.sum();
    return program.redirected > found ? program.redirected - found : 0;
  }
};

class AfXdp final : public CleanStart, public FilterControl, public DelayRecorder {
 public:
  ~AfXdp() override { stop(); }

  Result<Counters> sample() override {
    if (!program_) return make_error(ErrorCode::failed, "af_xdp is not started");
    // A socket's reader sleeps on when its device goes.
    if (auto r = program_->still_attached(); !r) return r.error();
    auto t = totals();
    if (!t) return t.error();
    const std::uint64_t at_once = t->received.packets;
    // What NAPI has in hand just now looks missing as well; it is not once nothing moves any more.
    constexpr int kAtRest = 20;
    for (int i = 0; t->missing() > redirect_failed_; ++i) {
      if (i == kAtRest) {
        redirect_failed_ = t->missing();
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      auto next = totals();
      if (!next) return next.error();
      const bool moving = next->program.redirected != t->program.redirected;
      t = std::move(next);
      if (moving) break;
    }
    Counters counters = std::move(t->received);
    counters.late = counters.packets - at_once;
    counters.drops = {{"af_xdp_rx_ring_full", t->drops.rx_ring_full},
                      {"af_xdp_fill_ring_empty", t->drops.fill_ring_empty},
                      {"af_xdp_frame_too_long", t->drops.frame_too_long},
                      {"af_xdp_no_socket", t->program.no_socket},
                      {"af_xdp_redirect_failed", redirect_failed_}};
    // The driver sees each of these as a redirect that failed; the generic hook counts none of
    // them.
    if (!generic_)
      for (const auto& [place, n] : counters.drops)
        if (place != "af_xdp_no_socket") counters.drops_at_device_too += n;
    receivers_.add_details(counters);
    if (out_)
      if (auto r = out_->count(counters); !r) return r.error();
    return counters;
  }

  Result<std::vector<DelayCounts>> delays() override { return receivers_.delays(); }
  std::vector<pid_t> threads() const override { return receivers_.threads(); }
  std::vector<std::uint32_t> programs() const override {
    return program_ ? std::vector{program_->attached().program.id} : std::vector<std::uint32_t>{};
  }

  void stop() noexcept override {
    program_.reset();
    receivers_.clear();
    out_.reset();
  }

  Result<void> set_filtered(std::uint16_t udp_port, bool filtered) override {
    return receivers_.set_filtered("af_xdp", udp_port, filtered);
  }

 private:
  // One RX queue's socket and the thread that empties it.
  struct QueueReceiver : Receiver {
    QueueReceiver(const BackendConfig& config, std::unique_ptr<XskQueue> q)
        : Receiver(config), queue(std::move(q)) {}
    ~QueueReceiver() { thread.stop(); }

    std::unique_ptr<XskQueue> queue;
  };

  Result<EffectiveMode> begin(const BackendConfig& config) override {
    if (auto r = check(config); !r) return r.error();
    if (auto r = fits(config); !r) return r.error();
    port_ = config.port;
    generic_ = option<std::string>(config.options, "attach") == "generic";
    redirect_failed_ = 0;
    const auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    if (auto r = RedirectProgram::attach(port_, generic_).into(program_); !r) return r.error();
    if (auto r = open_queues(config); !r) return r.error();
    if (auto r = start_threads(config); !r) return r.error();
    return read_back(config.options);
  }

  // A frame has one buffer of the UMEM, of which the kernel keeps some: not several
  // (XDP_USE_SG, Linux 6.6).
  static Result<void> fits(const BackendConfig& config) {
    const auto bytes = option<std::uint32_t>(config.options, "frame_bytes");
    const std::uint32_t most = bytes - kKeptOfFrame + kFcsBytes;
    if (config.traffic.frame_size <= most) return {};
    return make_error(
        ErrorCode::unsupported,
        "af_xdp has one buffer of {} bytes for a frame, which holds one of up to {}{}", bytes, most,
        bytes < 4096 ? "; set frame_bytes to 4096" : "");
  }

  Result<void> open_queues(const BackendConfig& asked) {
    const Options& options = asked.options;
    XskConfig config;
    config.device = port_.name;
    config.ring_size = option<std::uint32_t>(options, "ring_size");
    config.umem_frames = option<std::uint32_t>(options, "umem_frames");
    config.frame_bytes = option<std::uint32_t>(options, "frame_bytes");
    config.huge_pages = option<bool>(options, "huge_pages");
    config.transmit = workload_of(asked.workload).sends_back || asked.hop;
    if (asked.hop) {
      config.out_device = asked.hop->out.name;
      if (auto r = OutPort::open(asked.hop->out).into(out_); !r) return r;
    }
    if (option<std::string>(options, "wakeup") == "busy-poll")
      config.busy_poll_budget = option<std::uint32_t>(options, "batch");
    const auto& copy_mode = option<std::string>(options, "copy_mode");
    config.bind_flags = XDP_USE_NEED_WAKEUP;
    if (copy_mode == "zerocopy")
      config.bind_flags |= XDP_ZEROCOPY;
    else if (copy_mode == "copy" || generic_)
      config.bind_flags |= XDP_COPY;

    for (std::uint32_t q = 0; q < port_.queues; ++q) {
      config.queue = q;
      auto queue = XskQueue::open(config);
      if (!queue) return queue.error();
      receivers_.push_back(std::make_unique<QueueReceiver>(asked, std::move(*queue)));
      if (asked.hop) receivers_.back()->state->hop() = header_of(*asked.hop);
      if (auto r = program_->enter(q, receivers_.back()->queue->fd()); !r) return r;
    }
    return {};
  }

  Result<void> start_threads(const BackendConfig& config) {
    const auto& wakeup = option<std::string>(config.options, "wakeup");
    Idle idle;
    idle.block = wakeup == "poll";
    spin_ = spin_time(port_, receivers_.size(), option<std::uint32_t>(config.options, "spin_us"));
    idle.spin_us = spin_.us;
    idle.busy_poll = wakeup == "busy-poll";
    idle.pump_fd = port_.pump_fd;
    spins_ = idle.spins();
    return receivers_.start(config, [idle, batch = option<std::uint32_t>(config.options, "batch")](
                                        QueueReceiver& r, auto workload, PollThread& thread) {
      return af_xdp::receive_loop(*r.queue, workload, idle, batch, thread);
    });
  }

  EffectiveMode read_back(const Options& options) const {
    std::size_t zero_copy = 0;
    bool napi = true;
    for (const auto& receiver : receivers_) {
      zero_copy += receiver->queue->zero_copy();
      napi = napi && receiver->queue->napi_id() != 0;
    }
    const std::string copy = zero_copy == 0                   ? "copy"
                             : zero_copy == receivers_.size() ? "zerocopy"
                                                              : "mixed";
    const auto& wakeup = option<std::string>(options, "wakeup");
    EffectiveMode mode;
    mode.requested = "af_xdp/" + option<std::string>(options, "copy_mode") + "/" +
                     option<std::string>(options, "attach");
    mode.effective = "af_xdp/" + copy + "/" + sys::xdp_hook_name(program_->attached().mode);
    mode.details["jited"] = program_->attached().program.jited;
    // Busy polling is driven by the NAPI that the kernel knows for the queue; without one the call
    // returns at once.
    mode.details["wakeup"] = port_.pump_fd >= 0               ? "pump"
                             : wakeup == "busy-poll" && !napi ? "busy-poll without NAPI: spins"
                             : wakeup == "need-wakeup"        ? "need-wakeup: spins"
                                                              : wakeup;
    if (port_.pump_fd < 0 && wakeup == "poll") mode.details["spin_us"] = spin_.said;
    for (const char* name : {"batch", "ring_size", "umem_frames", "frame_bytes"})
      mode.details[name] = std::to_string(option<std::uint32_t>(options, name));
    mode.details["huge_pages"] = option<bool>(options, "huge_pages") ? "yes" : "no";
    return mode;
  }

  Result<Totals> totals() const {
    Totals t;
    PollTicks polls;
    // First, so that what it has counted is further down the way or has been dropped.
    if (auto r = program_->counts().into(t.program); !r) return r.error();
    for (const auto& receiver : receivers_) {
      if (const int error = receiver->thread.error(); error != 0)
        return system_error("af_xdp stopped receiving", error);
      auto drops = receiver->queue->drops();
      if (!drops) return drops.error();
      t.drops.rx_ring_full += drops->rx_ring_full;
      t.drops.fill_ring_empty += drops->fill_ring_empty;
      t.drops.frame_too_long += drops->frame_too_long;
      // Down the way that frames go, so that one that moves meanwhile is not missed.
      t.pending += receiver->queue->pending();
      const LoopCounts read = receiver->thread.counters().load();
      t.received.per_queue.push_back(read.packets);
      t.received.packets += read.packets;
      t.received.bytes += read.bytes;
      polls += read.polls;
    }
    if (spins_) t.received.polls = polls;
    return t;
  }

  Port port_;
  bool generic_ = false;
  std::optional<RedirectProgram> program_;
  Receivers<QueueReceiver> receivers_;
  std::optional<OutPort> out_;  // of a workload that forwards
  SpinTime spin_;
  bool spins_ = false;
  std::uint64_t redirect_failed_ = 0;
};

Unavailable probe() {
  if (auto why = without_root(); !why.empty()) return why;
  const sys::Fd socket(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket)
    return errno == EAFNOSUPPORT ? "this kernel has no AF_XDP sockets (CONFIG_XDP_SOCKETS)"
                                 : system_error("cannot open an AF_XDP socket", errno).message;
  return {};
}

}  // namespace

BackendType af_xdp_backend() {
  return {
      .name = "af_xdp",
      .summary = "AF_XDP: frames redirected by XDP into memory shared with user space",
      .workloads = workloads_but_pass(),
      .options =
          {choice_option("copy_mode", {"auto", "copy", "zerocopy"},
                         "auto: zero-copy where the driver has it; the mode says what it was"),
           choice_option("wakeup", {"poll", "need-wakeup", "busy-poll"},
                         "with an empty ring: sleep in poll(), spin, or spin and drive NAPI"),
           spin_us_option(),
           choice_option("attach", {"native", "generic"},
                         "where the XDP program runs: in the driver, or in the generic hook"),
           number_option("batch", 64, 1, 1024, "frames taken at once at most"),
           number_option("ring_size", 2048, 2, 65536, "RX descriptors; a power of two"),
           number_option("umem_frames", 4096, 2, 262144, "frames in a queue's UMEM"),
           number_option("frame_bytes", 2048, 2048, 4096, "bytes of a UMEM frame: 2048 or 4096"),
           flag_option("huge_pages", false, "the UMEM in huge pages")},
      .probe = probe,
      .make = [] { return std::make_unique<AfXdp>(); },
      .cannot = {{"pass", kCannotPass}},
      .stamps = true,
      .cannot_stamp = {{Stamp::kernel, kNotStamped}, {Stamp::hardware, kNoMetadata}}};
}

}  // namespace pktbench::backends
