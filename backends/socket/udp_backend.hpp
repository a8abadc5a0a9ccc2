// A backend on one UDP socket, read by one thread that is pinned to the port's first CPU, whatever
// the number of queues: a template over how datagrams are received.
//
// A Receive has what poll_loop.hpp asks for, and for the controlling thread
//   Receive(int socket, const Options&, Use);
//   Result<void> open();  // once
//   std::map<std::string, std::string> details() const;
//   void wake() noexcept;  // next() returns, once the thread's flag is set and its wake_fd()
//   readable static constexpr bool kGivesSender  // it can say who sent a datagram, and answer
//   static constexpr bool kGivesStamp  // and when the kernel had it
// Its destructor runs after the thread has ended.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/common/clean_start.hpp"
#include "backends/common/kernel_stamps.hpp"
#include "backends/common/needs.hpp"
#include "backends/common/poll_thread.hpp"
#include "backends/common/socket_option.hpp"
#include "backends/common/workload_state.hpp"
#include "backends/socket/payload_workload.hpp"
#include "backends/socket/poll_loop.hpp"
#include "backends/socket/udp_drops.hpp"
#include "backends/socket/udp_socket.hpp"
#include "bpf/frame6.h"
#include "harness/core/backend.hpp"
#include "harness/core/delays.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::udp {

template <class Receive>
class UdpBackend final : public backends::CleanStart, public DelayRecorder {
 public:
  explicit UdpBackend(std::string name) : name_(std::move(name)) {}
  ~UdpBackend() override { stop(); }

  Result<Counters> sample() override {
    if (!drops_) return make_error(ErrorCode::failed, name_ + " is not started");
    if (const int error = thread_.error(); error != 0)
      return system_error(name_ + " stopped receiving", error);
    auto drops = drops_->sample();
    if (!drops) return drops.error();
    Counters counters;
    // Before what was to be sent, so that `not_sent` is never the larger one.
    const backends::LoopCounts read = thread_.counters().load();
    counters.packets = read.packets;
    counters.bytes = read.bytes;
    counters.foreign = read.foreign;
    counters.drops = std::move(*drops);
    counters.details = state_->details();
    if (state_->workload().sends_back) counters.details["not_sent"] = read.not_sent;
    if (pumps_) counters.polls = read.polls;
    return counters;
  }

  std::vector<pid_t> threads() const override {
    if (!thread_.running()) return {};
    return {thread_.tid()};
  }

  Result<std::vector<DelayCounts>> delays() override { return std::vector{stamp_counts(*stamps_)}; }
  void set_realtime_ahead(std::int64_t ns) override {
    realtime_ahead_ns_.store(ns, std::memory_order_relaxed);
  }

  void stop() noexcept override {
    thread_.stop([this] { receive_->wake(); });
    receive_.reset();
    drops_.reset();
    socket_.reset();
  }

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override {
    if (auto r = backends::needs_cpu(config.port); !r) return r.error();
    state_ = std::make_shared<backends::WorkloadState>(config.workload);
    return with_payload_workload<Receive::kGivesSender>(
        config.workload, state_, [&](auto workload) {
          if (!config.stamped) return start_with(config, workload);
          stamps_ = std::make_unique<pb_stamps>();
          if constexpr (Receive::kGivesStamp)
            if (config.stamp == Stamp::kernel)
              return start_with(config, KernelStamped<decltype(workload)>(workload, *stamps_,
                                                                          realtime_ahead_ns_));
          return start_with(config, Stamped<decltype(workload)>(workload, *stamps_));
        });
  }
  template <class Workload>
  Result<EffectiveMode> start_with(const BackendConfig& config, Workload workload) {
    const auto scope = sys::NetnsScope::enter(config.port.netns_path);
    if (!scope) return scope.error();
    if (auto r = open_socket(config.options, config.traffic.ip).into(socket_); !r) return r.error();
    auto rcvbuf = backends::socket_option<int>(socket_.get(), SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF");
    if (!rcvbuf) return rcvbuf.error();
    if (kWantsStamp<Workload>)
      if (auto r = backends::ask_for_kernel_stamps(socket_.get()); !r) return r.error();
    const int pump_fd = config.port.pump_fd;
    pumps_ = pump_fd >= 0;
    const Use use{.wait = pump_fd < 0,
                  .senders = Workload::kWantsSender,
                  .stamps = kWantsStamp<Workload>,
                  .datagram_bytes = datagram_bytes(config.traffic)};
    receive_ = std::make_unique<Receive>(socket_.get(), config.options, use);
    if (auto r = receive_->open(); !r) return r.error();
    if (auto r = UdpDrops::open(socket_.get(), config.traffic.ip).into(drops_); !r)
      return r.error();

    EffectiveMode mode{name_, name_, receive_->details()};
    mode.details["rcvbuf_bytes"] = std::to_string(*rcvbuf);
    const TagCheck ours(config.trial_tag);
    const std::size_t header_bytes = config.traffic.ip == 6 ? PB6_OFF_TAG : PB_OFF_TAG;
    auto started = thread_.start(
        config.port, config.port.cpus.front(),
        [this, workload, ours, header_bytes, pump_fd](backends::PollThread& thread) {
          if (const int error = receive_->begin(thread.wake_fd()); error != 0) return error;
          const int error = poll_loop(thread, *receive_, workload, ours, header_bytes, pump_fd);
          receive_->end();
          return error;
        });
    if (!started) return started.error();
    return mode;
  }

  std::string name_;
  sys::Fd socket_;
  std::optional<UdpDrops> drops_;
  std::unique_ptr<Receive> receive_;
  std::shared_ptr<backends::WorkloadState> state_;
  std::unique_ptr<pb_stamps> stamps_;  // null: frames are not stamped
  std::atomic<std::int64_t> realtime_ahead_ns_{0};
  backends::PollThread thread_;
  bool pumps_ = false;
};

}  // namespace pktbench::udp
