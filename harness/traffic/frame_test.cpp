#include "harness/traffic/frame.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

#include "harness/core/units.hpp"

namespace pktbench::traffic {
namespace {

using Bytes = std::vector<std::uint8_t>;

TrafficConfig config_of(std::uint32_t size, std::uint32_t flows) {
  TrafficConfig config;
  config.from.mac = {2, 0, 0, 0, 0, 0xa};
  config.to.mac = {2, 0, 0, 0, 0, 0xb};
  config.from.ipv4 = 0xc6120001;  // 198.18.0.1
  config.to.ipv4 = 0xc6120101;
  config.traffic.frame_size = size;
  config.traffic.flows = flows;
  config.trial_tag = 0xdeadbeef;
  return config;
}

std::uint32_t get(const Bytes& b, std::size_t at, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | b[at + i];
  return value;
}

// RFC 1071, written from the text: big-endian words, end-around carry. A valid checksum gives
// 0xffff.
std::uint32_t rfc1071(const Bytes& b) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{b[i]} << 8 : b[i];
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

std::uint32_t ip_sum(const Bytes& f) { return rfc1071(Bytes(f.begin() + 14, f.begin() + 34)); }

std::uint32_t udp_sum(const Bytes& f) {
  Bytes covered(f.begin() + 26, f.begin() + 34);  // pseudo header
  covered.insert(covered.end(), {0, 17, f[38], f[39]});
  covered.insert(covered.end(), f.begin() + 34, f.end());
  return rfc1071(covered);
}

std::vector<std::uint32_t> sizes() {
  std::vector<std::uint32_t> all;
  for (std::uint32_t size = 64; size <= 200; ++size) all.push_back(size);
  all.push_back(1517);
  all.push_back(1518);
  return all;
}

TEST(Frame, ChecksumsHoldForEverySizeFlowAndSequenceNumber) {
  std::mt19937_64 random(1);
  for (std::uint32_t flows : {1u, 1000u, 16385u, 65536u}) {
    for (std::uint32_t size : sizes()) {
      auto frame = build_frame(config_of(size, flows));
      ASSERT_TRUE(frame) << frame.error().message;
      ASSERT_EQ(frame->bytes.size(), size - 4);
      ASSERT_EQ(ip_sum(frame->bytes), 0xffffu) << "unstamped, size " << size;
      ASSERT_EQ(udp_sum(frame->bytes), 0xffffu) << "unstamped, size " << size;
      for (int i = 0; i < 50; ++i) {
        const auto flow = static_cast<std::uint32_t>(i == 0 ? flows - 1 : random() % flows);
        const std::uint64_t seq = random();
        pb_frame_stamp_due(frame->bytes.data(), &frame->sums, flow, seq, i % 2 == 0 ? 0 : random());
        ASSERT_EQ(ip_sum(frame->bytes), 0xffffu) << "size " << size << " flow " << flow;
        ASSERT_EQ(udp_sum(frame->bytes), 0xffffu) << "size " << size << " flow " << flow;
        ASSERT_NE(get(frame->bytes, 40, 2), 0u) << "0 means: no checksum";
        ASSERT_EQ(get(frame->bytes, 26, 4), flow_address(0xc6120001, flow));
        ASSERT_EQ(get(frame->bytes, 34, 2), flow_port(flow));
      }
    }
  }
}

// The one value for which the computed sum is 0, which UDP writes as 0xffff.
TEST(Frame, AChecksumOfZeroIsWrittenAsAllOnes) {
  auto frame = build_frame(config_of(64, 1));
  ASSERT_TRUE(frame);
  int seen = 0;
  for (std::uint64_t seq = 0; seq < 70'000; ++seq) {
    pb_frame_stamp(frame->bytes.data(), &frame->sums, 0, seq);
    ASSERT_NE(get(frame->bytes, 40, 2), 0u);
    if (get(frame->bytes, 40, 2) != 0xffff) continue;
    ++seen;
    ASSERT_EQ(udp_sum(frame->bytes), 0xffffu);
  }
  EXPECT_GT(seen, 0);
}

TEST(Frame, FlowsAreDistinct) {
  auto frame = build_frame(config_of(64, kMaxFlows));
  ASSERT_TRUE(frame);
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (std::uint32_t flow = 0; flow < kMaxFlows; ++flow) {
    pb_frame_stamp(frame->bytes.data(), &frame->sums, flow, flow);
    seen.emplace(get(frame->bytes, 26, 4), get(frame->bytes, 34, 2));
  }
  EXPECT_EQ(seen.size(), kMaxFlows);
}

TEST(Frame, TheHeadersAndTheTagReadBack) {
  auto frame = build_frame(config_of(128, 1000));
  ASSERT_TRUE(frame);
  // Of a longer number what fits.
  pb_frame_stamp_due(frame->bytes.data(), &frame->sums, 999, 0x0123456789abcdef,
                     0xfedcba9876543210);
  const Bytes& b = frame->bytes;
  EXPECT_EQ(Bytes(b.begin(), b.begin() + 12), (Bytes{2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa}));
  EXPECT_EQ(get(b, 12, 2), 0x0800u);
  EXPECT_EQ(get(b, 16, 2), 110u);     // 124 - 14
  EXPECT_EQ(get(b, 18, 2), 0u);       // id
  EXPECT_EQ(get(b, 20, 2), 0x4000u);  // DF
  EXPECT_EQ(b[22], 64);
  EXPECT_EQ(b[23], 17);
  EXPECT_EQ(get(b, 30, 4), 0xc6120101u);
  EXPECT_EQ(get(b, 36, 2), PB_UDP_PORT);
  EXPECT_EQ(get(b, 38, 2), 90u);
  EXPECT_EQ(get(b, 42, 4), PB_TAG_MAGIC);
  EXPECT_EQ(get(b, 46, 4), 0xdeadbeefu);
  EXPECT_EQ(get(b, 50, 4), 0x89abcdefu);
  EXPECT_EQ(get(b, 54, 4), 0xba987654u);
  EXPECT_EQ(get(b, 58, 2), 0x3210u);
  EXPECT_EQ(pb_tag_seq(&b[PB_OFF_TAG]), 0x89abcdefu);
  EXPECT_EQ(pb_tag_stamp(&b[PB_OFF_TAG]), 0xba9876543210u);
  EXPECT_EQ(udp_sum(b), 0xffffu);
}

TEST(Frame, RefusesWhatDoesNotExist) {
  for (auto [size, flows] : {std::pair{63u, 1u}, {9019u, 1u}, {64u, 0u}, {64u, 65537u}}) {
    auto frame = build_frame(config_of(size, flows));
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code, ErrorCode::invalid_input);
  }
}

}  // namespace
}  // namespace pktbench::traffic
