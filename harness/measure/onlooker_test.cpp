#include "harness/measure/onlooker.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pktbench::measure {
namespace {

std::vector<std::uint8_t> frame(std::uint16_t type, std::vector<std::uint8_t> rest = {}) {
  std::vector<std::uint8_t> made(6, 0xff);
  for (int i = 0; i < 5; ++i) made.push_back(static_cast<std::uint8_t>(i == 0 ? 2 : 0));
  made.push_back(9);
  made.push_back(static_cast<std::uint8_t>(type >> 8));
  made.push_back(static_cast<std::uint8_t>(type));
  made.insert(made.end(), rest.begin(), rest.end());
  return made;
}

std::string told(const std::vector<std::uint8_t>& bytes) {
  Onlooker look;
  look.seen[kind_of(bytes)] = 1;
  return kinds_text(look);
}

std::vector<std::uint8_t> ip(std::size_t protocol_at, std::uint8_t protocol) {
  std::vector<std::uint8_t> header(46);
  header[protocol_at] = protocol;
  return header;
}

TEST(FrameKind, IsToldByTypeProtocolAndSender) {
  EXPECT_EQ(told(frame(0x86dd, ip(6, 0))), "IPv6 (0x86dd) from 02:00:00:00:00:09");
  EXPECT_EQ(told(frame(0x86dd, ip(6, 58))), "IPv6 (0x86dd) ICMPv6 from 02:00:00:00:00:09");
  EXPECT_EQ(told(frame(0x0800, ip(9, 17))), "IPv4 (0x0800) UDP from 02:00:00:00:00:09");
  EXPECT_EQ(told(frame(0x0800, ip(9, 200))), "IPv4 (0x0800) protocol 200 from 02:00:00:00:00:09");
  EXPECT_EQ(told(frame(0x0806)), "ARP (0x0806) from 02:00:00:00:00:09");
  EXPECT_EQ(told(frame(0x1234)), "EtherType 0x1234 from 02:00:00:00:00:09");
  EXPECT_EQ(told(frame(0x0026)), "802.3 with a length from 02:00:00:00:00:09");
}

TEST(FrameKind, ATestFrameIsKnownByItsTag) {
  auto rest = ip(9, 17);
  const std::vector<std::uint8_t> tag = {0x70, 0x6b, 0x62, 0x72, 0x00, 0x00, 0x12, 0x34};
  std::copy(tag.begin(), tag.end(), rest.begin() + 28);
  EXPECT_EQ(kind_of(frame(0x0800, rest)).tag, 0x1234u);
  EXPECT_EQ(told(frame(0x0800, rest)),
            "test frames of another trial or run (tag 0x00001234) from 02:00:00:00:00:09");
  EXPECT_EQ(kind_of(frame(0x86dd, rest)).tag, 0u);
}

TEST(FrameKind, IsReadFromAnyPartOfAFrame) {
  auto rest = ip(9, 17);
  for (const std::uint16_t type : {0x0800, 0x86dd}) {
    const auto whole = frame(type, rest);
    for (std::size_t n = 0; n <= whole.size(); ++n) {
      const std::vector<std::uint8_t> part(whole.begin(),
                                           whole.begin() + static_cast<std::ptrdiff_t>(n));
      EXPECT_EQ(kind_of(part).type, n < 14 ? 0 : type) << n;
    }
  }
}

TEST(Kinds, TheMostFrequentComeFirstAndTheRestAreCounted) {
  Onlooker look;
  for (std::uint16_t i = 1; i <= 5; ++i)
    look.seen[{.type = static_cast<std::uint16_t>(0x1230 + i)}] = i;
  EXPECT_EQ(kinds_text(look),
            "EtherType 0x1235 from 00:00:00:00:00:00, EtherType 0x1234 from 00:00:00:00:00:00, "
            "EtherType 0x1233 from 00:00:00:00:00:00 and 2 kinds more");
}

TEST(Kinds, WhereNoneWasSeenThatIsSaidAndWhy) {
  Onlooker look;
  EXPECT_EQ(kinds_text(look),
            "of a kind that is not known (none came while a packet socket looked on)");
  look.failed = "the port is away";
  EXPECT_EQ(kinds_text(look), "of a kind that is not known (the port is away)");
}

class HastyClock final : public Clock {
 public:
  std::uint64_t now_ns() override { return now_ += 100'000'000; }
  ClockReading read() override { return {now_, now_}; }
  std::string reference() const override { return "itself"; }
  void sleep_ns(std::uint64_t, const StopFlag&) override {}

 private:
  std::uint64_t now_ = 0;
};

TEST(Onlooker, APortThatIsNoDeviceIsNotLookedAt) {
  HastyClock clock;
  const StopFlag stop{false};
  Port port;
  port.name = "simdut";
  const Onlooker look = look_at(port, 1, clock, stop);
  EXPECT_EQ(look.failed, "simdut is no network device");
}

TEST(PortFrames, APortThatIsNoDeviceHasNone) {
  const PortFrames none = port_frames(Port{}, Port{});
  EXPECT_FALSE(none.received);
  EXPECT_FALSE(none.sent);
}

}  // namespace
}  // namespace pktbench::measure
