// The test frame of a traffic configuration, the same for every generator.
//
// Threads: a value. Sizes are without the FCS. Errors: invalid_input for a frame size or flow count
// out of range.
#pragma once

#include <cstdint>
#include <vector>

#include "bpf/frame.h"
#include "harness/core/result.hpp"
#include "harness/core/traffic.hpp"

namespace pktbench::traffic {

inline constexpr std::uint8_t kIpTtl = 64;

// Source address (host byte order) and port of a flow, as pb_frame_stamp() writes them.
constexpr std::uint32_t flow_address(std::uint32_t base, std::uint32_t flow) {
  return base + (flow >> PB_FLOW_PORT_BITS);
}
constexpr std::uint16_t flow_port(std::uint32_t flow) {
  return static_cast<std::uint16_t>(PB_FLOW_PORT_BASE + (flow & (PB_FLOWS_PER_ADDR - 1)));
}

struct Frame {
  std::vector<std::uint8_t> bytes;  // flow 0, sequence number 0, checksums valid
  pb_frame_template sums{};         // what pb_frame_stamp() needs to make any other
};

// Of one size: of a mix the largest.
Result<Frame> build_frame(const TrafficConfig& config);

}  // namespace pktbench::traffic
