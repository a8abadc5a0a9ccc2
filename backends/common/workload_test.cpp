#include "backends/common/workload.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "backends/common/test_packets.hpp"

namespace pktbench::backends {
namespace {

using testing::End;
using testing::frame4;
using testing::frame6;
using testing::kClient;
using testing::kServer;
using testing::kTcp;
using testing::kUdp;
using testing::Packet;
using testing::TestPackets;
using Details = std::map<std::string, std::uint64_t>;

Result<Verdict> run(const std::string& name, const std::shared_ptr<WorkloadState>& state,
                    Packet& packet) {
  // A receiver's buffer is somewhere, also for a packet of no bytes.
  if (packet.empty()) packet.reserve(1);
  return with_workload(name, state, [&](auto workload) -> Result<Verdict> {
    return workload(packet.data(), static_cast<std::uint32_t>(packet.size()));
  });
}

// What a fresh workload counts for the packet, by name of the outcome; exactly one.
std::string counted(const std::string& name, Packet packet, Verdict* verdict = nullptr) {
  const auto state = std::make_shared<WorkloadState>(name);
  const auto got = run(name, state, packet);
  EXPECT_TRUE(got) << got.error().message;
  if (verdict) *verdict = *got;
  Details details = state->details();
  details.erase("addresses");
  std::string which;
  for (const auto& [outcome, n] : details)
    if (n != 0) which += (which.empty() ? "" : "+") + outcome + (n == 1 ? "" : "*");
  return which;
}

std::string name_of(pb_outcome outcome, const std::string& workload) {
  switch (outcome) {
    case PB_OK:
      return workload == "parse" ? "ok" : "counted";
    case PB_MALFORMED:
      return "malformed";
    case PB_OTHER:
      return "other";
    case PB_PASSED:
      return "passed";
    case PB_FILTERED:
      return "filtered";
    case PB_REFLECTED:
      return "reflected";
    case PB_FORWARDED:
      return "forwarded";
    default:
      return "?";
  }
}

TEST(Workloads, MakeOfEachPacketWhatWasWrittenDownForIt) {
  const TestPackets packets;
  for (const auto& p : packets.all()) {
    SCOPED_TRACE(p.name);
    Verdict verdict{};
    EXPECT_EQ(counted("parse", p.bytes, &verdict), name_of(p.parse, "parse"));
    EXPECT_EQ(verdict, Verdict::drop);
    EXPECT_EQ(counted("count-per-ip", p.bytes, &verdict), name_of(p.source, "count-per-ip"));
    EXPECT_EQ(verdict, Verdict::drop);
    EXPECT_EQ(counted("filter", p.bytes, &verdict), name_of(p.filter, "filter"));
    EXPECT_EQ(verdict, p.filter == PB_FILTERED ? Verdict::drop : Verdict::pass);
    EXPECT_EQ(counted("reflect", p.bytes, &verdict), name_of(p.reflect, "reflect"));
    EXPECT_EQ(verdict, p.reflect == PB_REFLECTED ? Verdict::reflect : Verdict::drop);
    EXPECT_EQ(counted("forward", p.bytes, &verdict), name_of(p.forward(), "forward"));
    EXPECT_EQ(verdict, p.forward() == PB_FORWARDED ? Verdict::forward : Verdict::drop);
    EXPECT_EQ(counted("pass", p.bytes, &verdict), "passed");
    EXPECT_EQ(verdict, Verdict::pass);
    for (const char* name : {"drop", "touch"}) {
      EXPECT_EQ(counted(name, p.bytes, &verdict), "");
      EXPECT_EQ(verdict, Verdict::drop);
    }
  }
}

// The packet is as long as its buffer: a sanitizer sees a read behind it.
TEST(Parse, APacketThatIsCutAnywhereIsMalformed) {
  const TestPackets packets;
  for (const auto& p : packets.all()) {
    if (p.parse != PB_OK || p.name.find("padded") != std::string::npos) continue;
    for (std::size_t n = 0; n < p.bytes.size(); ++n) {
      const Packet cut(p.bytes.begin(), p.bytes.begin() + static_cast<std::ptrdiff_t>(n));
      ASSERT_EQ(counted("parse", cut), "malformed") << p.name << " cut at " << n;
    }
  }
}

TEST(Workloads, CountEveryPacketOnceAndChangeNoneThatIsNotSent) {
  const auto corpus = TestPackets().corpus();
  EXPECT_GT(corpus.size(), 5000u);
  for (const std::string& name : workload_names()) {
    const auto state = std::make_shared<WorkloadState>(name);
    for (const Packet& packet : corpus) {
      if (packet.empty()) continue;  // `touch` reads the first byte
      Packet copy = packet;
      const auto verdict = run(name, state, copy);
      ASSERT_TRUE(verdict);
      if (*verdict != Verdict::reflect && *verdict != Verdict::forward) {
        ASSERT_EQ(copy, packet);
      }
    }
    Details details = state->details();
    details.erase("addresses");
    const auto total = std::accumulate(details.begin(), details.end(), std::uint64_t{0},
                                       [](auto sum, const auto& d) { return sum + d.second; });
    const auto empty = std::count(corpus.begin(), corpus.end(), Packet{});
    EXPECT_EQ(total, details.empty() ? 0 : corpus.size() - static_cast<std::size_t>(empty)) << name;
  }
}

// The other side's packet, as it would have made it, checksums included.
TEST(Reflect, SendsWhatTheOtherSideWouldHaveSent) {
  for (std::uint8_t protocol : {kUdp, kTcp})
    for (bool v6 : {false, true})
      for (std::size_t n : {0u, 1u, 5u, 600u}) {
        const auto make = [&](const End& from, const End& to) {
          return v6 ? frame6(from, to, protocol, n) : frame4(from, to, protocol, n);
        };
        Packet packet = make(kClient, kServer);
        const auto state = std::make_shared<WorkloadState>("reflect");
        ASSERT_EQ(*run("reflect", state, packet), Verdict::reflect);
        EXPECT_EQ(packet, make(kServer, kClient)) << int{protocol} << v6 << n;
      }
}

// As the next router would get it: its header's sum is right again.
TEST(Forward, LetsThePacketLiveOneHopLessAndNamesTheNext) {
  const auto state = std::make_shared<WorkloadState>("forward");
  Hop hop;
  hop.out.mac = {2, 0, 0, 0, 0, 8};
  hop.next = {2, 0, 0, 0, 0, 9};
  state->hop() = header_of(hop);
  // Every sum there can be, the two with a carry among them.
  for (std::uint32_t id = 0; id <= 0xffff; ++id) {
    Packet packet = frame4(kClient, kServer, kUdp);
    testing::put16(packet, 18, id);
    testing::put16(packet, 24, 0);
    testing::put16(packet, 24, testing::checksum(Packet(packet.begin() + 14, packet.begin() + 34)));
    const Packet before = packet;
    ASSERT_EQ(*run("forward", state, packet), Verdict::forward);
    ASSERT_EQ(testing::checksum(Packet(packet.begin() + 14, packet.begin() + 34)), 0) << id;
    ASSERT_EQ(packet[22], before[22] - 1);
    ASSERT_TRUE(std::equal(hop.next.begin(), hop.next.end(), packet.begin()));
    ASSERT_TRUE(std::equal(hop.out.mac.begin(), hop.out.mac.end(), packet.begin() + 6));
    // All else is as it was.
    ASSERT_TRUE(std::equal(packet.begin() + 12, packet.begin() + 22, before.begin() + 12));
    ASSERT_TRUE(std::equal(packet.begin() + 26, packet.end(), before.begin() + 26));
  }
}

TEST(Forward, WhatMayNotLiveLongerStays) {
  for (const int ttl : {0, 1}) {
    Packet packet = frame4(kClient, kServer, kUdp);
    packet[22] = static_cast<std::uint8_t>(ttl);
    const Packet before = packet;
    const auto state = std::make_shared<WorkloadState>("forward");
    EXPECT_EQ(*run("forward", state, packet), Verdict::drop);
    EXPECT_EQ(packet, before);
    EXPECT_EQ(state->details()["other"], 1u);
  }
}

TEST(CountPerIp, CountsByAddressAndSaysWhenTheTableIsFull) {
  const auto state = std::make_shared<WorkloadState>("count-per-ip");
  End from = kClient;
  const auto send = [&](std::uint32_t n) {
    const std::uint32_t address = 0x0a000000 + n * 7;
    for (int i = 0; i < 4; ++i)
      from.v4[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(address >> (24 - 8 * i));
    Packet packet = frame4(from, kServer, kUdp);
    ASSERT_TRUE(run("count-per-ip", state, packet));
  };
  for (std::uint32_t n = 0; n < PB_MAX_ADDRESSES + 10; ++n) send(n);
  for (std::uint32_t n = 0; n < 5; ++n) send(n);
  const Details expected = {{"counted", PB_MAX_ADDRESSES + 5},
                            {"addresses", PB_MAX_ADDRESSES},
                            {"table_full", 10},
                            {"malformed", 0},
                            {"other", 0}};
  EXPECT_EQ(state->details(), expected);
  const auto address = [](std::uint32_t n) {
    return pb_address{0, std::uint64_t{__builtin_bswap32(0x0a000000 + n * 7)} << 32 | 0xffff0000};
  };
  EXPECT_EQ(state->table()->size(), PB_MAX_ADDRESSES);
  EXPECT_EQ(state->table()->frames(address(0)), 2u);
  EXPECT_EQ(state->table()->frames(address(5)), 1u);
  EXPECT_EQ(state->table()->frames(address(PB_MAX_ADDRESSES - 1)), 1u);
  EXPECT_EQ(state->table()->frames(address(PB_MAX_ADDRESSES)), 0u);
}

TEST(CountPerIp, TellsIpv4FromIpv6) {
  const auto state = std::make_shared<WorkloadState>("count-per-ip");
  for (int i = 0; i < 3; ++i) {
    Packet four = frame4(kClient, kServer, kUdp);
    Packet six = frame6(kClient, kServer, kUdp);
    ASSERT_TRUE(run("count-per-ip", state, four));
    if (i > 0) {
      ASSERT_TRUE(run("count-per-ip", state, six));
    }
  }
  EXPECT_EQ(state->details()["addresses"], 2u);
  pb_address six{};
  std::memcpy(&six, kClient.v6.data(), sizeof six);
  EXPECT_EQ(state->table()->frames(six), 2u);
}

TEST(Filter, FollowsChangesOfTheSet) {
  const auto state = std::make_shared<WorkloadState>("filter");
  End to = kServer;
  const auto verdict = [&](std::uint16_t port) {
    to.port = port;
    Packet packet = frame4(kClient, to, kUdp);
    return *run("filter", state, packet);
  };
  EXPECT_EQ(verdict(PB_UDP_PORT), Verdict::drop) << "the test frames' port is in the set at first";
  state->ports().set(PB_UDP_PORT, false);
  EXPECT_EQ(verdict(PB_UDP_PORT), Verdict::pass);
  for (std::uint16_t port : {0, 1, 63, 64, 53, 0x8000, 65535}) {
    EXPECT_EQ(verdict(port), Verdict::pass) << port;
    state->ports().set(port, true);
    EXPECT_EQ(verdict(port), Verdict::drop) << port;
    EXPECT_EQ(verdict(port ^ 1), Verdict::pass) << port;
    state->ports().set(port, false);
    EXPECT_EQ(verdict(port), Verdict::pass) << port;
  }
}

// A loop of whoever adds a workload.
pb_outcome decide_odd(std::uint8_t* frame, std::uint8_t* end, WorkloadState& state) {
  const auto port = static_cast<std::uint16_t>(end - frame);
  return state.ports().words()[port >> 6] >> (port & 63) & 1 ? PB_FILTERED : PB_PASSED;
}

TEST(Workloads, ANewOneIsARowOfTheTable) {
  using Mine = Row<Deciding<decide_odd>>;
  const auto table =
      std::tuple_cat(workload_table(),
                     std::tuple{Mine{{{.name = "by-length",
                                       .summary = "takes out frames as long as a port's number",
                                       .filters = true},
                                      {{"as_long", PB_FILTERED}, {"other_length", PB_PASSED}}}}});
  const auto state = std::make_shared<WorkloadState>(std::get<Mine>(table));
  state->ports().set(60, true);
  const auto verdict = [&](std::uint32_t length) {
    std::vector<std::uint8_t> frame(length);
    const auto done = with_row<Result<Verdict>>(
        table, "by-length", state,
        [&](auto workload) -> Result<Verdict> { return workload(frame.data(), length); },
        make_error(ErrorCode::unsupported, "there is no such row"));
    EXPECT_TRUE(done) << done.error().message;
    return done ? *done : Verdict::reflect;
  };
  EXPECT_EQ(verdict(60), Verdict::drop);
  EXPECT_EQ(verdict(61), Verdict::pass);
  EXPECT_EQ(verdict(62), Verdict::pass);
  EXPECT_EQ(state->details(), (Details{{"as_long", 1}, {"other_length", 2}}));
  EXPECT_TRUE(state->workload().filters);
}

TEST(Workloads, AnUnknownNameIsUnsupportedAndEveryKnownOneIsThere) {
  Packet packet = frame4(kClient, kServer, kUdp);
  const auto call = [&](const std::string& name) {
    return with_workload(
        name, std::make_shared<WorkloadState>(name), [&](auto workload) -> Result<Verdict> {
          return workload(packet.data(), static_cast<std::uint32_t>(packet.size()));
        });
  };
  for (const std::string& name : workload_names()) EXPECT_TRUE(call(name)) << name;
  const auto unknown = call("count_per_ip");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace pktbench::backends
