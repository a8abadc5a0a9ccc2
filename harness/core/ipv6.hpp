// The IPv6 address that goes with a port's IPv4 address: a prefix of its own, and the latter behind
// it, so that flows differ in both alike.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace pktbench {

using Ipv6Address = std::array<std::uint8_t, 16>;

// "pktbench" in fd00::/8, which no router passes on.
inline constexpr std::array<std::uint8_t, 12> kIpv6Prefix = {0xfd, 'p', 'k', 't', 'b', 'e',
                                                             'n',  'c', 'h', 0,   0,   0};

// `ipv4` in host byte order.
constexpr Ipv6Address ipv6_of(std::uint32_t ipv4) {
  Ipv6Address made{};
  std::copy(kIpv6Prefix.begin(), kIpv6Prefix.end(), made.begin());
  for (std::size_t i = 0; i < 4; ++i)
    made[12 + i] = static_cast<std::uint8_t>(ipv4 >> (24 - 8 * i));
  return made;
}

}  // namespace pktbench
