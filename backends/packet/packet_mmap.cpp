#include "backends/packet/packet_mmap.hpp"

#include <sys/eventfd.h>
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

constexpr const char* kCannotPass =
    "a packet socket is a tap: every frame goes on into the stack, whatever a workload decides";

// One socket and its thread, which ends before the socket does.
struct RingReceiver : Receiver {
  RingReceiver(const BackendConfig& config, packet::Ring r, sys::Fd w)
      : Receiver(config), ring(std::move(r)), wake(std::move(w)) {}
  ~RingReceiver() {
    thread.stop([this] { (void)eventfd_write(wake.get(), 1); });
  }

  packet::Ring ring;
  sys::Fd wake;
  std::uint64_t queued = 0;
  std::uint64_t dropped = 0;
};

class PacketMmap final : public CleanStart, public FilterControl {
 public:
  ~PacketMmap() override { stop(); }

  Result<Counters> sample() override {
    if (receivers_.empty()) return make_error(ErrorCode::failed, "packet-mmap is not started");
    Counters counters;
    std::uint64_t& dropped = counters.drops["packet_ring"];
    const auto deadline = Clock::now() + kPatience + 2 * timeout_;
    std::uint64_t at_once = 0;
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
      // Read before what was to be sent, so that it is never the larger one.
      if (r->state->workload().sends_back) counters.details["not_sent"] += read.not_sent;
    }
    receivers_.add_details(counters);
    counters.late = counters.packets - at_once;
    return counters;
  }

  std::vector<pid_t> threads() const override { return receivers_.threads(); }
  Result<void> set_filtered(std::uint16_t udp_port, bool filtered) override {
    return receivers_.set_filtered("packet-mmap", udp_port, filtered);
  }
  void stop() noexcept override { receivers_.clear(); }

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override {
    if (auto r = needs_cpu(config.port); !r) return r.error();
    if (config.workload == "pass") return make_error(ErrorCode::unsupported, kCannotPass);
    const auto number = [&](const char* name) {
      return static_cast<std::uint32_t>(option<std::int64_t>(config.options, name));
    };
    const packet::RingSize size{number("block_bytes"), number("blocks"),
                                number("block_timeout_ms")};
    if (!std::has_single_bit(size.block_bytes) || size.block_bytes < sysconf(_SC_PAGESIZE))
      return make_error(ErrorCode::invalid_input,
                        "block_bytes must be a power of two and a page at least, {} is not",
                        size.block_bytes);
    timeout_ = std::chrono::milliseconds(size.timeout_ms);
    const std::string fanout = option<std::string>(config.options, "fanout");
    const unsigned sockets = fanout == "none" ? 1 : std::max(1u, config.port.queues);

    const auto scope = sys::NetnsScope::enter(config.port.netns_path);
    if (!scope) return scope.error();
    std::optional<std::uint16_t> group;
    for (unsigned i = 0; i < sockets; ++i) {
      auto ring = packet::Ring::open(config.port.ifindex, size);
      if (!ring) return ring.error();
      if (fanout != "none") {
        if (auto r = ring->join_hash_group(group).into(group); !r) return r.error();
      }
      sys::Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
      if (!wake) return system_error("eventfd", errno);
      receivers_.push_back(
          std::make_unique<RingReceiver>(config, std::move(*ring), std::move(wake)));
    }
    for (std::size_t i = 0; i < receivers_.size(); ++i)
      if (auto started = start_thread(config, *receivers_[i], i); !started) return started.error();
    return EffectiveMode{"packet-mmap",
                         "packet-mmap",
                         {{"ring", "TPACKET_V3"},
                          {"block_bytes", std::to_string(size.block_bytes)},
                          {"blocks", std::to_string(size.blocks)},
                          {"block_timeout_ms", std::to_string(size.timeout_ms)},
                          {"fanout", fanout},
                          {"sockets", std::to_string(sockets)}}};
  }

  static Result<void> start_thread(const BackendConfig& config, RingReceiver& receiver,
                                   std::size_t i) {
    return with_workload(config.workload, receiver.state, [&](auto workload) {
      const udp::TagCheck ours(config.trial_tag);
      return receiver.thread.start(
          config.port, config.port.cpus[i % config.port.cpus.size()],
          [&receiver, workload, ours, pump_fd = config.port.pump_fd](PollThread& thread) {
            return packet::receive_loop(thread, receiver.ring, receiver.wake.get(), pump_fd, ours,
                                        workload);
          });
    });
  }

  Receivers<RingReceiver> receivers_;
  std::chrono::milliseconds timeout_{0};
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
      .workloads = workloads_but_pass(),
      .options = {number_option("block_bytes", 1 << 20, 4096, 1 << 26,
                                "bytes of a block: a power of two, a page at least"),
                  number_option("blocks", 32, 2, 4096, "blocks of the ring"),
                  number_option("block_timeout_ms", 4, 1, 1000,
                                "milliseconds after which a block that is not full is handed over"),
                  choice_option("fanout", {"none", "hash"},
                                "none: one socket; hash: one for each queue, by flow")},
      .probe = probe,
      .make = [] { return std::make_unique<PacketMmap>(); },
      .cannot = {{"pass", kCannotPass}}};
}

}  // namespace pktbench::backends
