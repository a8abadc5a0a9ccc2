// Generator `memory`: frames that go to the receiver without a device (testbed `memory`).
//
// The sender is a thread of the process that holds both ends, on the generator's CPU; this source
// gives it the frame and its orders, and reads its counts (harness/sys/memory_wire.hpp).
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "harness/core/delays.hpp"
#include "harness/core/pacer.hpp"
#include "harness/core/registry.hpp"
#include "harness/core/units.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/memory_wire.hpp"
#include "harness/traffic/frame.hpp"

namespace pktbench::traffic {

namespace {

// One batch takes microseconds; this is for a host that does not schedule the thread.
constexpr std::chrono::seconds kRestTimeout{10};
constexpr const char* kSelfMade =
    "the driver makes its own frames: all alike, and one whenever it is asked; use one flow, IPv4 "
    "and the rate \"max\"";

class MemorySource final : public TrafficSource, public DelayRecorder {
 public:
  ~MemorySource() override { stop(); }

  Result<void> start(const TrafficConfig& config) override {
    stop();
    if (config.from.wire_fd < 0)
      return make_error(ErrorCode::unsupported, "the memory generator needs the memory testbed");
    if (!config.traffic.mix.empty())
      return make_error(ErrorCode::unsupported,
                        "the memory generator writes its buffers once, for frames of one size");
    if (config.traffic.frame_size > kMaxStandardFrameSize)
      return make_error(ErrorCode::unsupported,
                        "the memory generator's buffers hold frames of up to {} bytes",
                        kMaxStandardFrameSize);
    auto frame = build_frame(config);
    if (!frame) return frame.error();
    auto wire = sys::map_wire(config.from.wire_fd);
    if (!wire) return wire.error();
    wire_ = std::move(*wire);
    sys::MemoryWire& w = *wire_;
    traffic_ = config.traffic;
    rate_pps_.reset();
    unsent_ = 0;
    const auto refuse = [this](ErrorCode code, std::string why) {
      wire_.reset();
      return make_error(code, std::move(why));
    };
    if (!w.ready)
      return refuse(ErrorCode::failed, "nothing is at the receiving end of the memory testbed");
    if (w.self_made && (traffic_.flows > 1 || traffic_.ip == 6))
      return refuse(ErrorCode::unsupported, kSelfMade);
    std::copy(frame->bytes.begin(), frame->bytes.end(), w.frame);
    w.frame_bytes = static_cast<std::uint32_t>(frame->bytes.size());
    w.ip_sum = frame->sums.ip_sum;
    w.udp_sum = frame->sums.udp_sum;
    w.base_address = frame->sums.base_saddr;
    w.flows = traffic_.flows;
    w.ipv6 = traffic_.ip == 6;
    w.stamped = config.stamped;
    w.batch = config.stamped ? 1 : option<std::uint32_t>(config.options, "batch");
    first_packets_ = w.packets;
    first_refused_ = w.refused;
    return {};
  }

  void open(std::uint64_t limit, std::optional<double> rate_pps) override {
    if (!wire_) return;
    sys::MemoryWire& w = *wire_;
    rate_pps_ = rate_pps;
    if (cannot_pace()) return;
    w.rate_pps.store(rate_pps.value_or(0), std::memory_order_relaxed);
    w.limit.store(limit, std::memory_order_relaxed);
    w.shut.store(false, std::memory_order_relaxed);
    w.orders.fetch_add(1, std::memory_order_release);
  }

  bool finished() override {
    return wire_ && at_rest() && wire_->since_open.load() == wire_->limit.load();
  }

  Result<void> close() override {
    if (cannot_pace()) return make_error(ErrorCode::unsupported, kSelfMade);
    if (!wire_ || wire_->shut.load()) return {};
    sys::MemoryWire& w = *wire_;
    w.shut.store(true, std::memory_order_relaxed);
    const std::uint64_t closed_ns = sys::monotonic_ns();
    const auto deadline = std::chrono::steady_clock::now() + kRestTimeout;
    while (!at_rest()) {
      if (std::chrono::steady_clock::now() > deadline)
        return make_error(ErrorCode::failed,
                          "the memory generator did not come to rest within 10 s");
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    const std::uint64_t started_ns = w.started_ns.load();
    if (rate_pps_ && started_ns != 0 && closed_ns > started_ns) {
      const std::uint64_t due =
          std::min(Pacer(*rate_pps_, started_ns).due(closed_ns), w.limit.load());
      const std::uint64_t sent = w.since_open.load();
      unsent_ += due > sent ? due - sent : 0;
    }
    return {};
  }

  Result<SentCounters> sample() override {
    SentCounters counters;
    if (!wire_) return counters;
    counters.packets = wire_->packets.load() - first_packets_;
    counters.bytes = counters.packets * buffer_length(traffic_.frame_size);
    counters.unsent = unsent_;
    counters.refused = wire_->refused.load() - first_refused_;
    return counters;
  }

  Result<std::vector<DelayCounts>> delays() override {
    return std::vector{delay_counts(wire_->lateness)};
  }

  std::vector<pid_t> threads() const override {
    const pid_t sender = wire_ ? wire_->sender.load() : 0;
    return sender > 0 ? std::vector{sender} : std::vector<pid_t>{};
  }

  void stop() noexcept override {
    if (wire_) wire_->shut.store(true, std::memory_order_relaxed);
    wire_.reset();
  }

 private:
  bool at_rest() const {
    const sys::MemoryWire& w = *wire_;
    return w.served.load(std::memory_order_acquire) == w.orders.load(std::memory_order_relaxed);
  }

  bool cannot_pace() const { return wire_ && wire_->self_made && rate_pps_; }

  sys::WireMapping wire_;  // null: not started
  TrafficSpec traffic_;
  std::optional<double> rate_pps_;  // of the last open()
  std::uint64_t unsent_ = 0;
  std::uint64_t first_packets_ = 0;  // of the sender's counts, which are older
  std::uint64_t first_refused_ = 0;
};

}  // namespace

GeneratorType memory_generator() {
  return {.name = "memory",
          .summary = "hands frames to a receiver in the same process, without a device",
          .options = {number_option("batch", 32, 1, 512,
                                    "frames handed over at once at most; paced: those due")},
          .probe = [] { return std::string(); },
          .make = [] { return std::make_unique<MemorySource>(); },
          .media = {Medium::memory},
          .stamps = true};
}

}  // namespace pktbench::traffic
