#include "harness/traffic/frame.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <span>

#include "harness/core/units.hpp"
#include "harness/traffic/frame6.hpp"
#include "harness/traffic/frame_bytes.hpp"

namespace pktbench::traffic {

static_assert(sizeof(pb_tag) == PB_MIN_LEN - PB_OFF_TAG);
static_assert(offsetof(pb_tag, seq) == PB_OFF_SEQ - PB_OFF_TAG);
static_assert(PB_MIN_LEN == kMinFrameSize - kFcsBytes && PB_MAX_LEN == kMaxFrameSize - kFcsBytes);
static_assert(PB_MAX_FLOWS == kMaxFlows);
static_assert(PB_UDP_PORT == kTestUdpPort);

namespace {

constexpr std::size_t kIpHeader = 20;

}  // namespace

Result<Frame> build_frame(const TrafficConfig& config) {
  const std::uint32_t size = config.traffic.frame_size;
  const std::uint32_t least = config.traffic.ip == 6 ? kMinIpv6FrameSize : kMinFrameSize;
  if (size < least || size > kMaxFrameSize)
    return make_error(ErrorCode::invalid_input, "frame size {} is not between {} and {}", size,
                      least, kMaxFrameSize);
  if (config.traffic.flows < 1 || config.traffic.flows > kMaxFlows)
    return make_error(ErrorCode::invalid_input, "{} flows are not between 1 and {}",
                      config.traffic.flows, kMaxFlows);

  if (config.traffic.ip == 6) return build_frame6(config);

  const std::uint32_t length = buffer_length(size);
  const std::uint32_t udp_length = length - PB_OFF_UDP;
  Frame frame;
  auto& b = frame.bytes;
  b.resize(length);

  std::copy(config.to.mac.begin(), config.to.mac.end(), b.begin());
  std::copy(config.from.mac.begin(), config.from.mac.end(), b.begin() + 6);
  put16(b, 12, 0x0800);

  b[PB_OFF_IP] = 0x45;
  put16(b, PB_OFF_IP + 2, length - PB_OFF_IP);
  put16(b, PB_OFF_IP + 6, 0x4000);  // don't fragment, so that the id may be 0
  b[PB_OFF_IP + 8] = kIpTtl;
  b[PB_OFF_IP + 9] = IPPROTO_UDP;
  put32(b, PB_OFF_IP + 16, config.to.ipv4);

  put16(b, PB_OFF_UDP + 2, PB_UDP_PORT);
  put16(b, PB_OFF_UDP + 4, udp_length);

  put_payload(b, PB_OFF_TAG, config.trial_tag);

  // What pb_frame_stamp() writes is still zero here, and so not in the sums.
  const std::span<const std::uint8_t> all(b);
  frame.sums.ip_sum = word_sum(all.subspan(PB_OFF_IP, kIpHeader));
  frame.sums.udp_sum = word_sum(all.subspan(PB_OFF_IP + 16, 4)) + htons(IPPROTO_UDP) +
                       htons(static_cast<std::uint16_t>(udp_length)) +
                       word_sum(all.subspan(PB_OFF_UDP));
  frame.sums.base_saddr = config.from.ipv4;
  frame.sums.length = length;
  pb_frame_stamp(b.data(), &frame.sums, 0, 0);
  return frame;
}

}  // namespace pktbench::traffic
