// The way out of a workload that forwards: what does not get out there was not received.
//
// Threads: one controlling thread. count() enters the port's namespace and returns.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "harness/core/counters.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::backends {

// Where such frames are lost: the driver of the way out did not take them.
inline constexpr const char* kOutRefused = "out_port_refused";

// Takes `lost` frames off, which were counted. Which of a mix they were is not known: they have the
// mean size.
inline void take_off(std::uint64_t lost, Counters& counters) {
  if (counters.packets == 0) return;
  lost = std::min(lost, counters.packets);
  const double mean = static_cast<double>(counters.bytes) / static_cast<double>(counters.packets);
  counters.bytes -= static_cast<std::uint64_t>(std::llround(mean * static_cast<double>(lost)));
  counters.packets -= lost;
}

// Where the kernel sends skbs: its driver's count of those that it dropped.
class OutPort {
 public:
  static Result<OutPort> open(const Port& port) {
    OutPort made(port);
    const auto link = sys::get_link(port);
    if (!link) return link.error();
    made.before_ = link->tx_dropped;
    return made;
  }

  // Frames refused since open(): from those forwarded to the drops.
  Result<void> count(Counters& counters) const {
    const auto link = sys::get_link(port_);
    if (!link) return link.error();
    const std::uint64_t refused = link->tx_dropped - before_;
    std::uint64_t& forwarded = counters.details["forwarded"];
    forwarded -= std::min(forwarded, refused);
    take_off(refused, counters);
    counters.drops[kOutRefused] = refused;
    return {};
  }

 private:
  explicit OutPort(Port port) : port_(std::move(port)) {}

  Port port_;
  std::uint64_t before_ = 0;
};

}  // namespace pktbench::backends
