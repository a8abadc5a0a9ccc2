// Units of RFC 2544: a frame size includes the FCS and excludes preamble and gap.
#pragma once

#include <cstdint>

namespace pktbench {

inline constexpr std::uint32_t kFcsBytes = 4;
inline constexpr std::uint32_t kPreambleAndGapBytes = 20;
inline constexpr std::uint32_t kMinFrameSize = 64;
inline constexpr std::uint32_t kMinIpv6FrameSize = 84;  // 20 bytes more of header
inline constexpr std::uint32_t kMaxStandardFrameSize = 1518;
inline constexpr std::uint32_t kMaxFrameSize = 9018;  // of an MTU of 9000
inline constexpr std::uint32_t kFrameOverMtu = 18;    // Ethernet header and FCS
inline constexpr std::uint32_t kMaxFlows = 65536;
inline constexpr std::uint16_t kTestUdpPort = 9;  // where test frames go: discard, nothing answers

// Bytes of a frame in a buffer, where the FCS is not stored.
constexpr std::uint32_t buffer_length(std::uint32_t frame_size) { return frame_size - kFcsBytes; }

// Frames per second that fill a link of `bits_per_second`; of frames of several sizes by the mean.
constexpr double line_rate_pps(double bits_per_second, double frame_size) {
  return bits_per_second / ((frame_size + kPreambleAndGapBytes) * 8.0);
}

}  // namespace pktbench
