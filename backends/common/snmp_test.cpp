#include "backends/common/snmp.hpp"

#include <gtest/gtest.h>

namespace pktbench::backends {
namespace {

TEST(ParseSnmp, PairsNamesWithValuesByGroup) {
  const auto counters = parse_snmp(
      "Ip: Forwarding DefaultTTL InReceives\n"
      "Ip: 1 64 4294967296\n"
      "Tcp: MaxConn InSegs\n"
      "Tcp: -1 7\n"
      "Udp: InDatagrams NoPorts\n"
      "Udp: 3 5\n"
      "UdpLite: InDatagrams NoPorts\n"
      "UdpLite: 0 9\n");
  EXPECT_EQ(counters.at("Ip.InReceives"), 4294967296u);
  EXPECT_EQ(counters.at("Udp.NoPorts"), 5u);
  EXPECT_EQ(counters.at("UdpLite.NoPorts"), 9u);
  EXPECT_EQ(counters.at("Tcp.InSegs"), 7u);
  EXPECT_FALSE(counters.contains("Tcp.MaxConn"));  // signed, and not counted by us
}

TEST(ParseSnmp, LeavesOutWhatDoesNotFit) {
  EXPECT_TRUE(parse_snmp("").empty());
  EXPECT_TRUE(parse_snmp("Udp: InDatagrams\n").empty());
  EXPECT_TRUE(parse_snmp("Udp: InDatagrams\nIp: 3\n").empty());
  EXPECT_EQ(parse_snmp("Udp: A B\nUdp: 1\n").size(), 1u);
}

TEST(ParseSnmp, ThatOfIpv6GoesByTheSameNames) {
  const SnmpCounters counters = parse_snmp6(
      "Ip6InReceives                   \t80\n"
      "Ip6InHdrErrors                  \t3\n"
      "Icmp6OutMsgs                    \t7\n"
      "Udp6NoPorts                     \t5000000000\n"
      "UdpLite6NoPorts                 \t9\n");
  EXPECT_EQ(
      counters,
      (SnmpCounters{{"Ip.InReceives", 80}, {"Ip.InHdrErrors", 3}, {"Udp.NoPorts", 5000000000}}));
}

}  // namespace
}  // namespace pktbench::backends
