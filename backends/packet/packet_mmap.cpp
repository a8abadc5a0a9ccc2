// The backend `packet-mmap`: AF_PACKET with a TPACKET_V3 ring of blocks that the kernel fills and
// user space reads in place. One socket and thread; with `fanout` "hash", one for each RX queue,
// among which the kernel spreads the flows.
//
// A block is handed over when it is full or `block_timeout_ms` after it was begun (up to twice
// that, and in steps of the kernel's timer): that is the latency of a frame at a low rate. sample()
// waits for the frames that the kernel has put into the ring already.
//
// The socket is a tap in front of the stack, bound to every protocol (ETH_P_ALL, as packet captures
// are): it sees what the device received, ARP included (foreign), before tc and netfilter do. What
// the device sends is not shown to it. Each frame goes on into the stack, which looks for a UDP
// socket, finds none and answers some with ICMP: that work is part of what this path costs on the
// DUT and is not taken out, since a capture on an address of this host's own pays for it too.
//
// Workloads look at the frame in the ring. The `addresses` of `count-per-ip` are summed over the
// threads: one whose flows went to two of them counts twice.
//
// `reflect` turns the frame round in the ring and sends it by sendmmsg() on the same socket, which
// copies it and waits while the socket's buffer is full. The frame itself goes on into the stack as
// ever. Details: `reflected`, and of those `not_sent`, which the kernel refused. What the device
// drops it counts itself.
//
// Drops: "packet_ring", no block was free.
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/common/receivers.hpp"
#include "backends/common/workload.hpp"
#include "backends/packet/receive_loop.hpp"
#include "backends/packet/ring.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

using Clock = std::chrono::steady_clock;

// For frames that are in the ring to be read, beyond the timeout of a block.
constexpr std::chrono::milliseconds kPatience{2000};

constexpr const char* kCannotForward =
    "what its ring holds is a copy of a frame, and the kernel has the frame itself";
constexpr const char* kCannotPass =
    "a packet socket is a tap: every frame goes on into the stack, whatever a workload decides";

// One socket and its thread, which ends before the socket does.
struct RingReceiver : Receiver {
  static constexpr bool kKernelStamps = true;

  RingReceiver(const BackendConfig& config, packet::Ring r)
      : Receiver(config), ring(std::move(r)) {}
  ~RingReceiver() { thread.stop(); }

  packet::Ring ring;
  std::uint64_t queued = 0;
  std::uint64_t dropped = 0;
};

class PacketMmap final : public CleanStart, public FilterControl, public DelayRecorder {
 public:
  ~PacketMmap() override { stop(); }

  Result<Counters> sample() override {
    if (receivers_.empty()) return make_error(ErrorCode::failed, "packet-mmap is not started");
    Counters counters;
    std::uint64_t& dropped = counters.drops["packet_ring"];
    const auto deadline = Clock::now() + kPatience + 2 * timeout_;
    std::uint64_t at_once = 0;
    PollTicks polls;
    for (const auto& r : receivers_) at_once += r->thread.counters().load().packets;
    for (const auto& r : receivers_) {
      auto taken = r->ring.take_statistics();
      if (!taken) return taken.error();
      r->queued += taken->queued;
      r->dropped += taken->dropped;
      LoopCounts read = r->thread.counters().load();
      while (read.packets + read.foreign < r->queued && r->thread.error() == 0 &&
             Clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        read = r->thread.counters().load();
      }
      if (const int error = r->thread.error(); error != 0)
        return system_error("packet-mmap stopped receiving", error);
      counters.packets += read.packets;
      counters.bytes += read.bytes;
      counters.foreign += read.foreign;
      dropped += r->dropped;
      polls += read.polls;
      // Read before what was to be sent, so that it is never the larger one.
      if (r->state->workload().sends_back) counters.details["not_sent"] += read.not_sent;
    }
    if (pumps_) counters.polls = polls;
    receivers_.add_details(counters);
    counters.late = counters.packets - at_once;
    return counters;
  }

  Result<std::vector<DelayCounts>> delays() override { return receivers_.delays(); }
  void set_realtime_ahead(std::int64_t ns) override { receivers_.set_realtime_ahead(ns); }
  std::vector<pid_t> threads() const override { return receivers_.threads(); }
  Result<void> set_filtered(std::uint16_t udp_port, bool filtered) override {
    return receivers_.set_filtered("packet-mmap", udp_port, filtered);
  }
  void stop() noexcept override { receivers_.clear(); }

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override {
    if (auto r = needs_cpu(config.port); !r) return r.error();
    if (config.workload == "pass") return make_error(ErrorCode::unsupported, kCannotPass);
    const Options& o = config.options;
    const packet::RingSize size{option<std::uint32_t>(o, "block_bytes"),
                                option<std::uint32_t>(o, "blocks"),
                                option<std::uint32_t>(o, "block_timeout_ms")};
    if (!std::has_single_bit(size.block_bytes) || size.block_bytes < sysconf(_SC_PAGESIZE))
      return make_error(ErrorCode::invalid_input,
                        "block_bytes must be a power of two and a page at least, {} is not",
                        size.block_bytes);
    timeout_ = std::chrono::milliseconds(size.timeout_ms);
    const std::string fanout = option<std::string>(o, "fanout");
    const unsigned sockets = fanout == "none" ? 1 : std::max(1u, config.port.queues);

    const auto scope = sys::NetnsScope::enter(config.port.netns_path);
    if (!scope) return scope.error();
    std::optional<std::uint16_t> group;
    for (unsigned i = 0; i < sockets; ++i) {
      auto ring = packet::Ring::open(config.port.ifindex, size);
      if (!ring) return ring.error();
      if (config.stamped && config.stamp == Stamp::kernel)
        if (auto r = ring->ask_for_stamps(); !r) return r.error();
      if (fanout != "none") {
        if (auto r = ring->join_hash_group(group).into(group); !r) return r.error();
      }
      receivers_.push_back(std::make_unique<RingReceiver>(config, std::move(*ring)));
    }
    const udp::TagCheck ours(config.trial_tag, config.traffic.ip == 6 ? PB6_OFF_TAG : PB_OFF_TAG);
    pumps_ = config.port.pump_fd >= 0;
    auto started = receivers_.start(
        config,
        [ours, pump_fd = config.port.pump_fd](RingReceiver& r, auto workload, PollThread& thread) {
          return packet::receive_loop(thread, r.ring, pump_fd, ours, workload);
        });
    if (!started) return started.error();
    return EffectiveMode{"packet-mmap",
                         "packet-mmap",
                         {{"ring", "TPACKET_V3"},
                          {"block_bytes", std::to_string(size.block_bytes)},
                          {"blocks", std::to_string(size.blocks)},
                          {"block_timeout_ms", std::to_string(size.timeout_ms)},
                          {"fanout", fanout},
                          {"sockets", std::to_string(sockets)}}};
  }

  Receivers<RingReceiver> receivers_;
  std::chrono::milliseconds timeout_{0};
  bool pumps_ = false;
};

Unavailable probe() {
  const sys::Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (socket) return {};
  if (errno == EPERM) return "a packet socket needs CAP_NET_RAW";
  return system_error("cannot open a packet socket", errno).message;
}

}  // namespace

BackendType packet_mmap_backend() {
  return {
      .name = "packet-mmap",
      .summary = "AF_PACKET with a TPACKET_V3 ring, a tap in front of the stack",
      .workloads = workloads_of_one_port(),
      .options = {number_option("block_bytes", 1 << 20, 4096, 1 << 26,
                                "bytes of a block: a power of two, a page at least"),
                  number_option("blocks", 32, 2, 4096, "blocks of the ring"),
                  number_option("block_timeout_ms", 4, 1, 1000,
                                "milliseconds after which a block that is not full is handed over"),
                  choice_option("fanout", {"none", "hash"},
                                "none: one socket; hash: one for each queue, by flow")},
      .probe = probe,
      .make = [] { return std::make_unique<PacketMmap>(); },
      .reads_tag = true,
      .cannot = {{"pass", kCannotPass}, {"forward", kCannotForward}},
      .stamps = true};
}

}  // namespace pktbench::backends
