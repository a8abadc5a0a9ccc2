// For tests only: packets put together by hand, with valid checksums, and with whatever is to be
// wrong about them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace pktbench::testing {

using Packet = std::vector<std::uint8_t>;

// One end of a conversation.
struct End {
  std::array<std::uint8_t, 6> mac{};
  std::array<std::uint8_t, 4> v4{};
  std::array<std::uint8_t, 16> v6{};
  std::uint16_t port = 0;
};

inline const End kClient{.mac = {2, 0, 0, 0, 0, 1},
                         .v4 = {198, 18, 0, 1},
                         .v6 = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 1},
                         .port = 10000};
inline const End kServer{.mac = {2, 0, 0, 0, 0, 2},
                         .v4 = {198, 18, 1, 1},
                         .v6 = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x34, 2},
                         .port = 9};

enum : std::uint8_t { kTcp = 6, kUdp = 17, kIcmp6 = 58 };
enum : std::uint16_t {
  kIpv4 = 0x0800,
  kArp = 0x0806,
  kVlan = 0x8100,
  kIpv6 = 0x86dd,
  kQinq = 0x88a8
};

inline Packet operator+(Packet a, const Packet& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline void put16(Packet& p, std::size_t at, std::size_t value) {
  p[at] = static_cast<std::uint8_t>(value >> 8);
  p[at + 1] = static_cast<std::uint8_t>(value);
}

inline Packet be16(std::size_t value) {
  Packet p(2);
  put16(p, 0, value);
  return p;
}

template <class Bytes>
Packet bytes(const Bytes& from) {
  return Packet(from.begin(), from.end());
}

inline std::uint16_t checksum(const Packet& p) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += i % 2 ? p[i] : std::uint32_t{p[i]} << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

inline Packet ether(const End& from, const End& to, const Packet& type_and_payload) {
  return bytes(to.mac) + bytes(from.mac) + type_and_payload;
}

// `tags` are ether types; what is tagged follows.
inline Packet tagged(const std::vector<std::uint16_t>& tags, const Packet& type_and_payload) {
  Packet p;
  for (std::uint16_t tag : tags) p = p + be16(tag) + be16(100);
  return p + type_and_payload;
}

// With its ether type. `options`: a multiple of 4 bytes; `fragment`: flags and offset as they are
// in the header.
inline Packet ipv4(const End& from, const End& to, std::uint8_t protocol, const Packet& payload,
                   const Packet& options = {}, std::uint16_t fragment = 0) {
  const std::size_t header = 20 + options.size();
  Packet p{static_cast<std::uint8_t>(0x40 | header / 4), 0};
  p = p + be16(header + payload.size()) + be16(1) + be16(fragment) + Packet{64, protocol, 0, 0} +
      bytes(from.v4) + bytes(to.v4) + options;
  put16(p, 10, checksum(p));
  return be16(kIpv4) + p + payload;
}

// With its ether type.
inline Packet ipv6(const End& from, const End& to, std::uint8_t next, const Packet& payload) {
  return be16(kIpv6) + Packet{0x60, 0, 0, 0} + be16(payload.size()) + Packet{next, 64} +
         bytes(from.v6) + bytes(to.v6) + payload;
}

// UDP or TCP with `n` bytes of payload.
inline Packet segment(const End& from, const End& to, std::uint8_t protocol, bool v6,
                      std::size_t n = 5) {
  Packet p = be16(from.port) + be16(to.port);
  if (protocol == kUdp) {
    p = p + be16(8 + n) + Packet{0, 0};
  } else {
    p = p + Packet{0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 1, 0, 0, 0, 0, 0};
  }
  for (std::size_t i = 0; i < n; ++i) p.push_back(static_cast<std::uint8_t>('a' + i % 26));
  const Packet addresses = v6 ? bytes(from.v6) + bytes(to.v6) : bytes(from.v4) + bytes(to.v4);
  const std::uint16_t sum = checksum(addresses + be16(protocol) + be16(p.size()) + p);
  put16(p, protocol == kUdp ? 6 : 16, sum);
  return p;
}

// An extension header of (units + 1) * 8 bytes.
inline Packet extension(std::uint8_t next, std::uint8_t units = 0) {
  Packet p(8 * (std::size_t{units} + 1));
  p[0] = next;
  p[1] = units;
  return p;
}

// `offset_and_more` as it is in the header.
inline Packet fragment6(std::uint8_t next, std::uint16_t offset_and_more) {
  return Packet{next, 0} + be16(offset_and_more) + Packet{0, 0, 0, 7};
}

// Whole frames, for those who need just one.
inline Packet frame4(const End& from, const End& to, std::uint8_t protocol, std::size_t n = 5) {
  return ether(from, to, ipv4(from, to, protocol, segment(from, to, protocol, false, n)));
}
inline Packet frame6(const End& from, const End& to, std::uint8_t protocol, std::size_t n = 5) {
  return ether(from, to, ipv6(from, to, protocol, segment(from, to, protocol, true, n)));
}

}  // namespace pktbench::testing
