// Backends xdp-native and xdp-generic: an XDP program for each workload, in the driver or in the
// generic hook after the skb has been made. There is no user-space loop; the DUT's work is NAPI's.
//
// What they make is a FilterControl (backends/common/workload_state.hpp) and a LiveControl
// (harness/core/flip.hpp), too. `reflect` in the
// driver sends (XDP_TX): a veth's peer takes that in only where it has an XDP program of its own;
// without one the frames are counted as reflected and arrive nowhere.
//
// `forward` redirects into the second port, by a map of devices. What its driver takes of that is
// what was received; drops: xdp_no_out_port (no device in the map), out_port_refused. A redirect
// that fails before is a receive drop of the first port, where that counts it.
//
// Option `fallback` (bool): where the driver has no native XDP, attach in the generic hook instead;
// the effective mode then says "xdp-generic".
#include <linux/if_link.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/common/out_port.hpp"
#include "backends/common/workload_state.hpp"
#include "backends/xdp/xdp_program.hpp"
#include "bpf/counters.h"
#include "bpf/workload.h"
#include "harness/core/flip.hpp"
#include "harness/core/lookup.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/xdp_hook.hpp"

namespace pktbench::backends {

namespace {

constexpr const char* kNoOutPort = "xdp_no_out_port";

// Those that do not look whether the lengths in the headers are borne out.
const std::vector<std::string> kReadNoLength = {"drop", "touch", "pass", "flip"};

class Xdp final : public CleanStart,
                  public FilterControl,
                  public LiveControl,
                  public DelayRecorder {
 public:
  explicit Xdp(std::uint32_t flags) : flags_(flags) {}
  ~Xdp() override { stop(); }

  Result<Counters> sample() override {
    if (!program_) return make_error(ErrorCode::failed, "the XDP program is not started");
    Counters counters;
    pb_queue_counters all{};
    // Every queue there can be, so that a frame on one that was not configured is seen.
    for (std::uint32_t queue = 0; queue < PB_MAX_QUEUES; ++queue) {
      const auto c = program_->counters(queue);
      if (!c) return c.error();
      counters.packets += c->packets;
      counters.bytes += c->bytes;
      for (int i = 0; i < PB_OUTCOMES; ++i) all.outcomes[i] += c->outcomes[i];
      all.addresses += c->addresses;
      if (queue < port_.queues || c->packets) {
        counters.per_queue.resize(queue + 1);
        counters.per_queue[queue] = c->packets;
      }
    }
    // The generic hook knows the queue only where the driver wrote it into the skb, as veth does
    // not.
    if (generic() && port_.queues > 1) counters.per_queue.clear();
    counters.details = workload_details(workload_of(workload_), all.outcomes, all.addresses);
    if (out_)
      if (auto r = without_lost(all, counters); !r) return r.error();
    return counters;
  }

  Result<std::vector<DelayCounts>> delays() override { return program_->delays(); }

  std::vector<std::uint32_t> programs() const override { return {attached_.program.id}; }

  bool redirects_out() const override { return out_ && !generic(); }

  void stop() noexcept override {
    attached_.link.reset();
    program_.reset();
    out_.reset();
  }

  Result<void> set_filtered(std::uint16_t udp_port, bool filtered) override {
    if (!program_) return make_error(ErrorCode::failed, "the XDP program is not started");
    if (!program_->ports())
      return make_error(ErrorCode::failed, "this XDP program has no set of ports");
    program_->ports()->set(udp_port, filtered);
    return {};
  }

  Result<void> turn(const std::string& action) override {
    constexpr std::array kActions = {"pass", "drop", "touch", "parse"};
    static_assert(PB_FLIP_PASS == 0 && PB_FLIP_PARSE == kActions.size() - 1);
    const auto found = std::ranges::find(kActions, action);
    if (!program_ || !program_->action() || found == kActions.end())
      return make_error(ErrorCode::unsupported,
                        "workload {} cannot be turned to {} while frames come; flip can", workload_,
                        action);
    *program_->action() = static_cast<std::uint32_t>(found - kActions.begin());
    return {};
  }

  // A map lookup for each queue in use.
  Result<Count> now() override {
    if (!program_) return make_error(ErrorCode::failed, "the XDP program is not started");
    Count count;
    for (std::uint32_t queue = 0; queue < port_.queues; ++queue) {
      const auto c = program_->counters(queue);
      if (!c) return c.error();
      count.packets += c->packets;
      count.turned += c->outcomes[PB_OK];
    }
    return count;
  }

 private:
  // Of `forward`: what did not get out of the second port was not received, as RFC 2544 has it.
  Result<void> without_lost(const pb_queue_counters& all, Counters& counters) {
    const std::uint64_t decided = all.outcomes[PB_FORWARDED];
    counters.drops[kNoOutPort] = all.outcomes[PB_NO_PORT];
    take_off(all.outcomes[PB_NO_PORT], counters);
    if (generic()) return out_->count(counters);
    const auto out = program_->out();
    if (!out) return out.error();
    take_off(decided - std::min<std::uint64_t>(decided, out->taken), counters);
    counters.details["forwarded"] = out->taken;
    counters.drops[kOutRefused] = out->refused;
    return {};
  }

  bool generic() const { return attached_.mode == XDP_ATTACHED_SKB; }

  Result<EffectiveMode> begin(const BackendConfig& config) override {
    port_ = config.port;
    workload_ = config.workload;
    if (auto r = needs_queues(port_, PB_MAX_QUEUES, "an XDP program"); !r) return r.error();
    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    XdpProgramOptions options;
    // The generic hook puts a frame into one buffer where the program wants that.
    options.fragments =
        flags_ == XDP_FLAGS_DRV_MODE && config.traffic.frame_size > kMaxStandardFrameSize;
    if (options.fragments && !contains(kReadNoLength, workload_))
      return make_error(ErrorCode::unsupported,
                        "a frame of {} bytes comes to a native XDP program in several buffers, and "
                        "{} needs it in one; use xdp-generic, or the workload drop, touch or pass",
                        config.traffic.frame_size, workload_);
    if (config.hop) {
      options.hop = config.hop;
      options.count_out = flags_ == XDP_FLAGS_DRV_MODE;
      if (auto r = OutPort::open(config.hop->out).into(out_); !r) return r.error();
    } else if (workload_of(workload_).forwards) {
      return make_error(ErrorCode::unsupported, "{} needs a second port to forward to", workload_);
    }
    if (config.stamped) options.stamps = {config.trial_tag, port_.queues, config.traffic.ip == 6};
    if (auto r = XdpProgram::load(workload_, options).into(program_); !r) return r.error();
    if (PortSet* ports = program_->ports()) ports->assign(config.filter_ports);

    auto attached = sys::attach_xdp(port_, program_->fd(), flags_,
                                    "use xdp-generic, or allow \"fallback\": true");
    const auto fallback = config.options.find("fallback");
    if (!attached && attached.error().code == ErrorCode::unsupported &&
        fallback != config.options.end() && std::get<bool>(fallback->second))
      attached = sys::attach_xdp(port_, program_->fd(), XDP_FLAGS_SKB_MODE, "");
    if (auto r = std::move(attached).into(attached_); !r) return r.error();
    // It may run on several CPUs at a time there, and does not know the queue.
    if (options.stamps && generic() && port_.queues > 1)
      return make_error(ErrorCode::unsupported,
                        "the generic hook does not tell queues apart: it records the delays of one "
                        "queue only");
    return EffectiveMode{
        flags_ == XDP_FLAGS_DRV_MODE ? "xdp-native" : "xdp-generic",
        std::string("xdp-") + sys::xdp_hook_name(attached_.mode),
        {{"jited", attached_.program.jited}, {"fragments", options.fragments ? "yes" : "no"}}};
  }

  const std::uint32_t flags_;
  Port port_;
  std::string workload_;
  std::optional<XdpProgram> program_;
  std::optional<OutPort> out_;  // of a workload that forwards
  sys::AttachedXdp attached_;
};

constexpr const char* kNotStamped = "its program has a frame before the kernel stamps it";
constexpr const char* kNotShown = "the kernel does not show an XDP program its stamp";

Unavailable probe() { return without_programs(BPF_PROG_TYPE_XDP, "XDP programs"); }

}  // namespace

BackendType xdp_native_backend() {
  return {.name = "xdp-native",
          .summary = "XDP in the driver, before the kernel makes an skb",
          .workloads = XdpProgram::workloads(),
          .options = {flag_option("fallback", false,
                                  "use the generic hook where the driver has no native XDP")},
          .probe = probe,
          .make = [] { return std::make_unique<Xdp>(XDP_FLAGS_DRV_MODE); },
          .stamps = true,
          .cannot_stamp = {{Stamp::kernel, kNotStamped}}};
}

BackendType xdp_generic_backend() {
  return {.name = "xdp-generic",
          .summary = "XDP in the generic hook: works on every driver, after the skb is made",
          .workloads = XdpProgram::workloads(),
          .options = {},
          .probe = probe,
          .make = [] { return std::make_unique<Xdp>(XDP_FLAGS_SKB_MODE); },
          .stamps = true,
          .cannot_stamp = {{Stamp::kernel, kNotShown}}};
}

}  // namespace pktbench::backends
