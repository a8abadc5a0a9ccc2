#include "harness/traffic/frame_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <set>

#include "bpf/workload.h"
#include "harness/core/frame_mix.hpp"
#include "harness/core/ipv6.hpp"
#include "harness/core/units.hpp"

namespace pktbench::traffic {
namespace {

using Bytes = std::vector<std::uint8_t>;

TrafficConfig config_of(const TrafficSpec& traffic) {
  TrafficConfig config;
  config.from.mac = {2, 0, 0, 0, 0, 0xa};
  config.to.mac = {2, 0, 0, 0, 0, 0xb};
  config.from.ipv4 = 0xc6120001;  // 198.18.0.1
  config.to.ipv4 = 0xc6120101;
  config.traffic = traffic;
  config.trial_tag = 0xdeadbeef;
  return config;
}

FrameSet set_of(const TrafficSpec& traffic) {
  auto made = FrameSet::build(config_of(traffic));
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

// RFC 1071, written from the text. A valid checksum gives 0xffff.
std::uint32_t header_sum(const Bytes& b) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{b[i]} << 8 : b[i];
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

// Addresses, protocol and the UDP packet (RFC 768; RFC 8200, 8.1).
std::uint32_t udp_sum(const Bytes& f, bool ipv6) {
  const auto at = [&](int offset) { return f.begin() + offset; };
  Bytes covered = ipv6 ? Bytes(at(22), at(54)) : Bytes(at(26), at(34));
  const Bytes udp(at(ipv6 ? 54 : 34), f.end());
  covered.insert(covered.end(), {0, 17, udp[4], udp[5]});
  covered.insert(covered.end(), udp.begin(), udp.end());
  return header_sum(covered);
}

// What the workloads' parser, which believes no length, makes of each frame of a traffic.
void check_frames(const TrafficSpec& traffic, std::uint64_t count) {
  const FrameSet set = set_of(traffic);
  const auto sizes = sizes_of(traffic);
  std::uint64_t bytes = 0;
  Bytes buffer = set.largest();  // one for all, as generators have
  std::map<std::uint32_t, std::map<std::uint32_t, std::uint64_t>> by_flow;
  for (std::uint64_t seq = 0; seq < count; ++seq) {
    const auto flow = static_cast<std::uint32_t>(seq % traffic.flows);
    const std::uint32_t length = set.stamp(buffer.data(), flow, seq);
    ASSERT_EQ(length, set.length(seq));
    Bytes frame(buffer.begin(), buffer.begin() + length);
    pb_headers h{};
    ASSERT_EQ(pb_parse(frame.data(), frame.data() + frame.size(), &h), PB_OK) << seq;
    ASSERT_EQ(h.version, traffic.ip);
    ASSERT_EQ(h.transport + h.length, frame.data() + frame.size()) << "padding, seq " << seq;
    ASSERT_EQ(pb_be16(h.transport), flow_port(flow));
    ASSERT_EQ(pb_be16(h.transport + 2), PB_UDP_PORT);
    ASSERT_EQ(udp_sum(frame, traffic.ip == 6), 0xffffu) << seq;
    if (traffic.ip == 4) {
      ASSERT_EQ(header_sum(Bytes(frame.begin() + 14, frame.begin() + 34)), 0xffffu) << seq;
    }
    pb_tag tag;
    std::memcpy(&tag, &frame[set.tag_offset()], sizeof tag);
    ASSERT_EQ(be32toh(tag.magic), PB_TAG_MAGIC);
    ASSERT_EQ(be32toh(tag.seq), seq);
    bytes += length;
    ASSERT_EQ(set.bytes_of(seq + 1), bytes) << "of " << seq + 1 << " frames";
    ++by_flow[flow][length + kFcsBytes];
  }
  // Every flow has every size, and each as often as the sequence has it.
  const std::uint64_t each = count / traffic.flows / sizes.size();
  ASSERT_EQ(each * traffic.flows * sizes.size(), count);
  for (const auto& [flow, lengths] : by_flow)
    for (const auto& [size, n] : lengths)
      ASSERT_EQ(n, each * static_cast<std::uint64_t>(std::ranges::count(sizes, size)))
          << size << " B of flow " << flow;
}

TEST(FrameSet, EveryFlowOfAMixHasEverySize) {
  for (const std::uint32_t flows : {1u, 2u, 5u, 8u, 12u, 100u})
    check_frames({1518, flows, "imix"}, 12ull * flows * 3);
  check_frames({1518, 4, "abcdefg"}, 7 * 4 * 5);
  check_frames({256, 3, "bbcc", 6}, 4 * 3 * 5);
}

TEST(FrameSet, OneSizeIsAMixOfOne) {
  for (const std::uint32_t size : {64u, 65u, 1518u, 9018u}) check_frames({size, 10}, 100);
  for (const std::uint32_t size : {84u, 85u, 1518u, 9018u}) check_frames({size, 10, "", 6}, 100);
}

TEST(FrameSet, AnImixHasItsMean) {
  const TrafficSpec imix{1518, 1, "imix"};
  const auto sizes = sizes_of(imix);
  EXPECT_EQ(std::ranges::count(sizes, 64u), 7);
  EXPECT_EQ(std::ranges::count(sizes, 594u), 4);
  EXPECT_EQ(std::ranges::count(sizes, 1518u), 1);
  EXPECT_NEAR(mean_frame_size(imix), 361.83, 0.01);
  // 10 Gbit/s hold 3.27 million frames a second of that mean and 20 bytes more.
  EXPECT_NEAR(line_rate_pps(10e9, mean_frame_size(imix)), 1e10 / (381.8333 * 8), 10);
}

TEST(FrameSet, Ipv6FlowsDifferByPortAndThenByAddress) {
  const FrameSet set = set_of({84, kMaxFlows, "", 6});
  Bytes frame = set.largest();
  std::set<Bytes> seen;
  for (std::uint32_t flow = 0; flow < kMaxFlows; ++flow) {
    set.stamp(frame.data(), flow, flow);
    seen.insert(Bytes(frame.begin() + PB6_OFF_SADDR, frame.begin() + PB6_OFF_DADDR));
    if (flow % 9973 == 0) {
      const Ipv6Address from = ipv6_of(flow_address(0xc6120001, flow));
      ASSERT_TRUE(std::equal(from.begin(), from.end(), frame.begin() + PB6_OFF_SADDR));
    }
  }
  EXPECT_EQ(seen.size(), 4u);
}

TEST(FrameSet, RefusesWhatDoesNotExist) {
  for (const TrafficSpec& traffic :
       {TrafficSpec{64, 1, "imyx"}, TrafficSpec{83, 1, "", 6}, TrafficSpec{1518, 1, "imix", 6},
        TrafficSpec{1518, 1, std::string(65, 'a')}}) {
    const auto made = FrameSet::build(config_of(traffic));
    ASSERT_FALSE(made) << traffic.mix;
    EXPECT_EQ(made.error().code, ErrorCode::invalid_input);
  }
}

}  // namespace
}  // namespace pktbench::traffic
