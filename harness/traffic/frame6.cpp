#include "harness/traffic/frame6.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <span>

#include "harness/core/ipv6.hpp"
#include "harness/core/units.hpp"
#include "harness/traffic/frame_bytes.hpp"

namespace pktbench::traffic {

static_assert(PB6_MIN_LEN == kMinIpv6FrameSize - kFcsBytes);
static_assert(kIpv6Prefix.size() == PB6_PREFIX_LEN);

Frame build_frame6(const TrafficConfig& config) {
  const std::uint32_t length = buffer_length(config.traffic.frame_size);
  const std::uint32_t udp_length = length - PB6_OFF_UDP;
  Frame frame;
  auto& b = frame.bytes;
  b.resize(length);

  std::copy(config.to.mac.begin(), config.to.mac.end(), b.begin());
  std::copy(config.from.mac.begin(), config.from.mac.end(), b.begin() + 6);
  put16(b, 12, 0x86dd);

  b[PB_OFF_IP] = 0x60;
  put16(b, PB6_OFF_PAYLOAD, udp_length);
  b[PB_OFF_IP + 6] = IPPROTO_UDP;
  b[PB_OFF_IP + 7] = kIpTtl;
  std::copy(kIpv6Prefix.begin(), kIpv6Prefix.end(), b.begin() + PB6_OFF_SADDR);
  const Ipv6Address to = ipv6_of(config.to.ipv4);
  std::copy(to.begin(), to.end(), b.begin() + PB6_OFF_DADDR);

  put16(b, PB6_OFF_UDP + 2, PB_UDP_PORT);
  put16(b, PB6_OFF_UDP + 4, udp_length);
  put_payload(b, PB6_OFF_TAG, config.trial_tag);

  // What pb_frame6_stamp() writes is still zero here, and so not in the sum.
  const std::span<const std::uint8_t> all(b);
  frame.sums.udp_sum = word_sum(all.subspan(PB6_OFF_SADDR, 2 * to.size())) + htons(IPPROTO_UDP) +
                       htons(static_cast<std::uint16_t>(udp_length)) +
                       word_sum(all.subspan(PB6_OFF_UDP));
  frame.sums.base_saddr = config.from.ipv4;
  frame.sums.length = length;
  pb_frame6_stamp(b.data(), &frame.sums, 0, 0);
  return frame;
}

}  // namespace pktbench::traffic
