// The receivers of a backend that has one for each of its sockets: a thread with the state of its
// workload.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/common/poll_thread.hpp"
#include "backends/common/stamps.hpp"
#include "backends/common/workload.hpp"

namespace pktbench::backends {

struct Receiver {
  explicit Receiver(const BackendConfig& config)
      : state(std::make_shared<WorkloadState>(config.workload)),
        stamps(config.stamped ? std::make_unique<pb_stamps>() : nullptr) {
    state->ports().assign(config.filter_ports);
  }

  std::shared_ptr<WorkloadState> state;
  std::unique_ptr<pb_stamps> stamps;  // null: frames are not stamped
  // DelayRecorder::set_realtime_ahead().
  std::atomic<std::int64_t> realtime_ahead_ns{0};
  PollThread thread;
};

// All of a backend's; R is a Receiver with what it receives from, and a kKernelStamps where its
// loop says when the kernel stamped a frame. Threads: the controlling thread.
template <class R>
class Receivers : public std::vector<std::unique_ptr<R>> {
 public:
  // Starts each, on the CPU of its queue: loop(receiver, workload, thread) receives, as a
  // PollThread::Loop.
  template <class Loop>
  Result<void> start(const BackendConfig& config, Loop loop) const {
    for (std::size_t i = 0; i < this->size(); ++i) {
      R& receiver = *(*this)[i];
      const auto run = [&](auto workload) {
        return receiver.thread.start(config.port, config.port.cpu_of_queue(i),
                                     [&receiver, loop, workload](PollThread& thread) {
                                       return loop(receiver, workload, thread);
                                     });
      };
      const udp::TagCheck ours(config.trial_tag, config.traffic.ip == 6 ? PB6_OFF_TAG : PB_OFF_TAG);
      auto started = with_workload(config.workload, receiver.state, [&](auto workload) {
        if (!config.stamped) return run(workload);
        if constexpr (requires { R::kKernelStamps; })
          if (config.stamp == Stamp::kernel)
            return run(KernelStamped<decltype(workload)>(workload, *receiver.stamps, ours,
                                                         receiver.realtime_ahead_ns));
        return run(Stamped<decltype(workload)>(workload, *receiver.stamps, ours));
      });
      if (!started) return started;
    }
    return {};
  }
  std::vector<pid_t> threads() const {
    std::vector<pid_t> tids;
    for (const auto& r : *this)
      if (r->thread.running()) tids.push_back(r->thread.tid());
    return tids;
  }
  // Summed over them.
  void add_details(Counters& counters) const {
    for (const auto& r : *this)
      for (const auto& [name, n] : r->state->details()) counters.details[name] += n;
  }
  // As DelayRecorder.
  std::vector<DelayCounts> delays() const {
    std::vector<DelayCounts> made;
    for (const auto& r : *this) made.push_back(stamp_counts(*r->stamps));
    return made;
  }
  void set_realtime_ahead(std::int64_t ns) const {
    for (const auto& r : *this) r->realtime_ahead_ns.store(ns, std::memory_order_relaxed);
  }
  // As FilterControl; `backend` is who.
  Result<void> set_filtered(const char* backend, std::uint16_t udp_port, bool filtered) const {
    if (this->empty() || !this->front()->state->workload().filters)
      return make_error(ErrorCode::failed, "{} does not run the workload filter", backend);
    for (const auto& r : *this) r->state->ports().set(udp_port, filtered);
    return {};
  }
};

}  // namespace pktbench::backends
