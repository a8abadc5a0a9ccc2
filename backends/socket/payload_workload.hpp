// Workloads over what a UDP socket gives of a frame: the datagram's payload and, for those that
// want it, the sender's address. Functors, as in backends/common/workload.hpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "backends/common/peer_address.hpp"
#include "backends/common/stamps.hpp"
#include "backends/common/workload.hpp"
#include "backends/common/workload_state.hpp"
#include "bpf/stamp.h"
#include "bpf/workload.h"
#include "harness/core/result.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench::udp {

struct Datagram {
  std::span<std::uint8_t> payload;
  const backends::PeerAddress* sender = nullptr;  // null where the workload does not want it
  std::uint64_t stamp_ns = 0;                     // the kernel's, CLOCK_REALTIME; 0: it has none
};

// A workload that asks for no header, from its first byte on.
template <class Whole>
struct OnPayload {
  static constexpr bool kWantsSender = false;
  static constexpr bool kSendsBack = false;

  void operator()(const Datagram& d) {
    whole(d.payload.data(), static_cast<std::uint32_t>(d.payload.size()));
  }
  Whole whole;
};

// Per datagram: a hash and mostly one cache line of the table.
class CountSenders {
 public:
  static constexpr bool kWantsSender = true;
  static constexpr bool kSendsBack = false;

  explicit CountSenders(std::shared_ptr<backends::WorkloadState> state)
      : state_(std::move(state)) {}
  void operator()(const Datagram& d) {
    pb_address source;
    if (d.sender->is_v6())
      std::memcpy(&source, &d.sender->v6.sin6_addr, sizeof source);
    else
      pb_set_ipv4(&source, d.sender->v4.sin_addr.s_addr);
    state_->count(state_->count_source(source));
  }

 private:
  std::shared_ptr<backends::WorkloadState> state_;
};

// Per datagram: one load and store. That it goes back to its sender is the loop's part.
class Echo {
 public:
  static constexpr bool kWantsSender = true;
  static constexpr bool kSendsBack = true;

  explicit Echo(std::shared_ptr<backends::WorkloadState> state) : state_(std::move(state)) {}
  void operator()(const Datagram&) { state_->count(PB_REFLECTED); }

 private:
  std::shared_ptr<backends::WorkloadState> state_;
};

// In front of another: records how late each stamped datagram is once the call that received it has
// returned. Per datagram: one reading of the clock (vDSO), and pb_count_stamp().
template <class Workload>
class Stamped {
 public:
  static constexpr bool kWantsSender = Workload::kWantsSender;
  static constexpr bool kSendsBack = Workload::kSendsBack;

  // `stamps` outlives it.
  Stamped(Workload workload, pb_stamps& stamps)
      : workload_(std::move(workload)), stamps_(&stamps) {}
  // REQUIRES: the payload begins with the trial's tag.
  void operator()(const Datagram& d) {
    pb_count_stamp(stamps_, d.payload.data(), sys::monotonic_ns());
    workload_(d);
  }

 private:
  Workload workload_;
  pb_stamps* stamps_;
};

// The same by the kernel's stamp of each. Per datagram: backends::count_kernel_stamp().
template <class Workload>
class KernelStamped {
 public:
  static constexpr bool kWantsSender = Workload::kWantsSender;
  static constexpr bool kSendsBack = Workload::kSendsBack;

  // Both outlive it.
  KernelStamped(Workload workload, pb_stamps& stamps,
                const std::atomic<std::int64_t>& realtime_ahead_ns)
      : workload_(std::move(workload)), stamps_(&stamps), ahead_(&realtime_ahead_ns) {}
  // REQUIRES: the payload begins with the trial's tag.
  void operator()(const Datagram& d) {
    backends::count_kernel_stamp(*stamps_, d.payload.data(), d.stamp_ns, *ahead_);
    workload_(d);
  }

 private:
  Workload workload_;
  pb_stamps* stamps_;
  const std::atomic<std::int64_t>* ahead_;
};

template <class Workload>
inline constexpr bool kWantsStamp = false;
template <class Workload>
inline constexpr bool kWantsStamp<KernelStamped<Workload>> = true;

// Those that a socket can do: a row each, and the last ones only where it says who sent a datagram.
template <bool senders>
auto payload_table() {
  using backends::Row;
  std::tuple any{Row<OnPayload<backends::Drop>>{{{"drop"}}},
                 Row<OnPayload<backends::Touch>>{{{"touch"}}}};
  if constexpr (senders)
    return std::tuple_cat(
        any, std::tuple{Row<CountSenders>{{{"count-per-ip"}}}, Row<Echo>{{{"reflect"}}}});
  else
    return any;
}
template <bool senders>
std::vector<std::string> payload_workloads() {
  return std::apply([](auto... row) { return std::vector<std::string>{row.name...}; },
                    payload_table<senders>());
}

// Why a UDP socket can never do the others.
inline std::map<std::string, std::string> socket_cannot() {
  return {{"parse", "the kernel has taken the headers off before a socket gives the datagram"},
          {"filter", "a UDP socket is bound to one port: what comes to others never reaches it"},
          {"forward", "a datagram that a socket has given is at its end, and no frame any more"},
          {"flip", "a socket has no program whose action could be turned"},
          {"pass", "what a socket has given to a program has left the kernel's stack for good"}};
}

// backends::with_workload() for these. REQUIRES: `state` was made for the same name.
template <bool senders, class Run>
auto with_payload_workload(const std::string& name, std::shared_ptr<backends::WorkloadState> state,
                           Run&& run) {
  return backends::with_row<decltype(run(OnPayload<backends::Drop>{}))>(
      payload_table<senders>(), name, std::move(state), std::forward<Run>(run),
      make_error(ErrorCode::unsupported,
                 "a socket gives datagrams and not frames: no workload \"{}\" here", name));
}

}  // namespace pktbench::udp
