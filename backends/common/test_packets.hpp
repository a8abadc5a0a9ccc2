// For tests only: packets with what the workloads are to make of them, written down by hand and not
// computed, and a corpus made from them by cutting and changing.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bpf/counters.h"
#include "harness/testing/packet_builder.hpp"

namespace pktbench::testing {

struct TestPacket {
  std::string name;
  Packet bytes;
  pb_outcome parse;    // `parse`
  pb_outcome source;   // `count-per-ip`
  pb_outcome filter;   // `filter` with port 9 in the set
  pb_outcome reflect;  // `reflect`

  // `forward`: of IPv4 to one station whatever has a sound IP header.
  pb_outcome forward() const {
    if (source != PB_OK) return source;
    std::size_t type = 12;
    while (bytes[type] == 0x81 || bytes[type] == 0x88) type += 4;
    return bytes[type] == 0x08 && !(bytes[0] & 1) ? PB_FORWARDED : PB_OTHER;
  }
};

class TestPackets {
 public:
  TestPackets() {
    plain();
    ipv4_headers();
    ipv6_headers();
    transports();
  }

  const std::vector<TestPacket>& all() const { return all_; }

  // Each of them; cut at every byte; with one to four bytes changed; and random bytes. The same
  // every time.
  std::vector<Packet> corpus() const {
    std::mt19937 random(20261121);
    std::vector<Packet> corpus;
    for (const TestPacket& p : all_) {
      corpus.push_back(p.bytes);
      for (std::size_t n = 0; n < p.bytes.size() && n < 130; ++n)
        corpus.emplace_back(p.bytes.begin(), p.bytes.begin() + static_cast<std::ptrdiff_t>(n));
      for (int i = 0; i < 25; ++i) {
        Packet changed = p.bytes;
        for (std::uint32_t n = random() % 4 + 1; n > 0; --n)
          changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
        corpus.push_back(std::move(changed));
      }
    }
    for (int i = 0; i < 400; ++i) {
      Packet noise(random() % 120);
      for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random());
      // Otherwise hardly one would get as far as IP.
      if (noise.size() > 14 && i % 2) put16(noise, 12, i % 4 == 1 ? kIpv4 : kIpv6);
      if (noise.size() > 14 && i % 2) noise[14] = i % 4 == 1 ? 0x45 : 0x60;
      corpus.push_back(std::move(noise));
    }
    return corpus;
  }

 private:
  // A frame to port 9: what is sound is dropped by the filter and goes back.
  void sound(std::string name, Packet p, bool udp = true) {
    all_.push_back(
        {std::move(name), std::move(p), PB_OK, PB_OK, udp ? PB_FILTERED : PB_PASSED, PB_REFLECTED});
  }
  void malformed(std::string name, Packet p, pb_outcome source) {
    all_.push_back({std::move(name), std::move(p), PB_MALFORMED, source, PB_PASSED, PB_MALFORMED});
  }
  void other(std::string name, Packet p, pb_outcome source) {
    all_.push_back({std::move(name), std::move(p), PB_OTHER, source, PB_PASSED, PB_OTHER});
  }

  static Packet wire(const Packet& type_and_payload) {
    return ether(kClient, kServer, type_and_payload);
  }
  static Packet four(std::uint8_t protocol, const Packet& payload, const Packet& options = {},
                     std::uint16_t fragment = 0) {
    return ipv4(kClient, kServer, protocol, payload, options, fragment);
  }
  static Packet six(std::uint8_t next, const Packet& payload) {
    return ipv6(kClient, kServer, next, payload);
  }
  static Packet changed(Packet p, std::size_t at, std::uint8_t value) {
    p[at] = value;
    return p;
  }

  void plain() {
    sound("udp4", wire(four(kUdp, udp4)));
    sound("tcp4", wire(four(kTcp, tcp4)), false);
    sound("udp6", wire(six(kUdp, udp6)));
    sound("tcp6", wire(six(kTcp, tcp6)), false);
    sound("udp4, padded to 60", [] {
      Packet p = wire(four(kUdp, segment(kClient, kServer, kUdp, false, 1)));
      p.resize(60);
      return p;
    }());
    sound("udp4, no payload", wire(four(kUdp, segment(kClient, kServer, kUdp, false, 0))));
    sound("udp4, 1514 bytes", frame4(kClient, kServer, kUdp, 1472));
    for (const auto& [name, tags] : std::vector<std::pair<std::string, std::vector<std::uint16_t>>>{
             {"vlan", {kVlan}}, {"q-in-q", {kQinq, kVlan}}, {"vlan twice", {kVlan, kVlan}}}) {
      sound("udp4, " + name, wire(tagged(tags, four(kUdp, udp4))));
      sound("tcp6, " + name, wire(tagged(tags, six(kTcp, tcp6))), false);
      other("arp, " + name, wire(tagged(tags, be16(kArp) + Packet(28))), PB_OTHER);
    }
    other("three tags", wire(tagged({kQinq, kVlan, kVlan}, four(kUdp, udp4))), PB_OTHER);
    other("arp", wire(be16(kArp) + Packet(28)), PB_OTHER);
    other("802.3 length", wire(be16(46) + Packet(46)), PB_OTHER);
    other("ethernet header alone, unknown type", wire(be16(0x88b5)), PB_OTHER);
    malformed("ethernet header alone, IPv4", wire(be16(kIpv4)), PB_MALFORMED);
    malformed("a tag cut in half", wire(be16(kVlan) + Packet(2)), PB_MALFORMED);
    Packet group = wire(four(kUdp, udp4));
    group[0] |= 1;
    all_.push_back({"udp4 to a group", group, PB_OK, PB_OK, PB_FILTERED, PB_OTHER});
  }

  void ipv4_headers() {
    sound("udp4, 4 bytes of options", wire(four(kUdp, udp4, Packet(4, 1))));
    sound("tcp4, 40 bytes of options", wire(four(kTcp, tcp4, Packet(40, 1))), false);
    sound("first fragment, longer datagram", [] {
      Packet u = udp4;
      put16(u, 4, 2000);
      return wire(four(kUdp, u, {}, 0x2000));
    }());
    sound("udp4, do not fragment", wire(four(kUdp, udp4, {}, 0x4000)));
    other("later fragment", wire(four(kUdp, udp4, {}, 0x2001)), PB_OK);
    other("last fragment", wire(four(kUdp, udp4, {}, 0x0100)), PB_OK);
    other("icmp", wire(four(1, Packet(8))), PB_OK);
    other("icmp, empty", wire(four(1, {})), PB_OK);
    const Packet udp = wire(four(kUdp, udp4));
    malformed("version 5", changed(udp, 14, 0x55), PB_MALFORMED);
    malformed("IPv6 under IPv4's type", changed(udp, 14, 0x65), PB_MALFORMED);
    malformed("header of 16 bytes", changed(udp, 14, 0x44), PB_MALFORMED);
    malformed("header of 0 bytes", changed(udp, 14, 0x40), PB_MALFORMED);
    malformed("header longer than the packet", changed(udp, 14, 0x4f), PB_MALFORMED);
    malformed("total length below the header", changed(udp, 17, 19), PB_MALFORMED);
    malformed("total length 0", changed(udp, 17, 0), PB_MALFORMED);
    malformed("total length one more than there is", changed(udp, 17, 34), PB_MALFORMED);
    malformed("total length 65,313", changed(udp, 16, 0xff), PB_MALFORMED);
    malformed("total length ends in the UDP header", changed(udp, 17, 27), PB_OK);
    malformed("UDP header in the padding", changed(udp, 17, 20), PB_OK);
  }

  void ipv6_headers() {
    const Packet udp = wire(six(kUdp, udp6));
    malformed("udp6, version 4", changed(udp, 14, 0x40), PB_MALFORMED);
    malformed("payload length one more than there is", changed(udp, 19, 14), PB_MALFORMED);
    malformed("payload length 0", changed(udp, 19, 0), PB_OK);
    malformed("payload length ends in the UDP header", changed(udp, 19, 7), PB_OK);
    other("no next header", wire(six(59, {})), PB_OK);
    other("icmp6", wire(six(kIcmp6, Packet(8))), PB_OK);
    other("encrypted", wire(six(50, Packet(16))), PB_OK);
    for (std::uint8_t type : {0, 43, 60})
      sound("extension " + std::to_string(type), wire(six(type, extension(kUdp) + udp6)));
    sound("an extension of 64 bytes", wire(six(60, extension(kUdp, 7) + udp6)));
    sound("an extension of 2,048 bytes", wire(six(60, extension(kUdp, 255) + udp6)));
    sound("hop-by-hop, destination, routing, fragment, destination",
          wire(six(0, extension(60) + extension(43) + extension(44, 2) + fragment6(60, 0) +
                          extension(kTcp) + tcp6)),
          false);
    malformed("hop-by-hop second", wire(six(60, extension(0) + extension(kUdp) + udp6)), PB_OK);
    sound("eight extensions", wire(six(60, chain(8))));
    other("nine extensions", wire(six(60, chain(9))), PB_OK);
    other("forty extensions", wire(six(60, chain(40))), PB_OK);
    malformed("an extension longer than the packet", wire(six(60, extension(kUdp)) + udp6), PB_OK);
    malformed("an extension cut short", wire(six(60, Packet{kUdp, 0, 0, 0, 0, 0, 0})), PB_OK);
    malformed("an extension that says more than there is",
              wire(six(60, changed(extension(kUdp), 1, 3) + udp6)), PB_OK);
    Packet longer = udp6;
    put16(longer, 4, 2000);
    sound("first fragment of six", wire(six(44, fragment6(kUdp, 1) + longer)));
    malformed("atomic fragment, longer datagram", wire(six(44, fragment6(kUdp, 0) + longer)),
              PB_OK);
    other("later fragment of six", wire(six(44, fragment6(kUdp, 0x0009) + udp6)), PB_OK);
    other("last fragment of six", wire(six(44, fragment6(kUdp, 0x0100) + udp6)), PB_OK);
    malformed("a fragment header cut short", wire(six(44, Packet{kUdp, 0, 0, 0})), PB_OK);
    sound("a fragment header with its reserved byte set",
          wire(six(44, changed(fragment6(kUdp, 0), 1, 9) + udp6)));
  }

  void transports() {
    const Packet udp = wire(four(kUdp, udp4));  // UDP at 34
    malformed("UDP length 7", changed(udp, 39, 7), PB_OK);
    malformed("UDP length 0", changed(udp, 39, 0), PB_OK);
    malformed("UDP length one more than there is", changed(udp, 39, 14), PB_OK);
    sound("UDP length less than there is", changed(udp, 39, 9));
    const Packet tcp = wire(four(kTcp, tcp4));  // TCP at 34
    malformed("TCP header of 16 bytes", changed(tcp, 46, 0x40), PB_OK);
    sound("TCP header of 24 bytes", changed(tcp, 46, 0x60), false);
    malformed("TCP header of 28 bytes, 25 there", changed(tcp, 46, 0x70), PB_OK);
    all_.push_back(
        {"udp4 to port 10", changed(udp, 37, 10), PB_OK, PB_OK, PB_PASSED, PB_REFLECTED});
    all_.push_back(
        {"udp4 to port 65,289", changed(udp, 36, 0xff), PB_OK, PB_OK, PB_PASSED, PB_REFLECTED});
    all_.push_back({"udp4 from port 9 to 2304", changed(changed(udp, 36, 9), 37, 0), PB_OK, PB_OK,
                    PB_PASSED, PB_REFLECTED});
  }

  // `n` destination options, then UDP.
  static Packet chain(int n) {
    Packet p;
    for (int i = 0; i < n; ++i) p = p + extension(i + 1 < n ? 60 : kUdp);
    return p + udp6;
  }

  // 13, 25, 13 and 25 bytes.
  inline static const Packet udp4 = segment(kClient, kServer, kUdp, false);
  inline static const Packet tcp4 = segment(kClient, kServer, kTcp, false);
  inline static const Packet udp6 = segment(kClient, kServer, kUdp, true);
  inline static const Packet tcp6 = segment(kClient, kServer, kTcp, true);

  std::vector<TestPacket> all_;
};

}  // namespace pktbench::testing
