#include "harness/method/flip/flip_window.hpp"

#include <gtest/gtest.h>

namespace pktbench::method {
namespace {

constexpr std::uint64_t kOpened = 1'000'000'000;
const CpuOwners kOwners{{1}, {0}, {1}};
const FlipPlan kDrop{.action = "drop"};

// Stretches of 10 ms with 1,000 packets each: 2,000 ns a packet up to the change after `turned_at`
// of them, 500 ns from then on.
std::vector<FlipReading> readings(std::size_t stretches, std::size_t turned_at,
                                  std::uint64_t packets_after = 1000) {
  std::vector<FlipReading> made(1);
  made[0].cpus.at_ns = kOpened;
  made[0].cpus.cpus.resize(1);
  made[0].cpus.cpus[0].cpu = 1;
  made[0].count = {500, 0};
  for (std::size_t i = 0; i < stretches; ++i) {
    FlipReading next = made.back();
    next.cpus.at_ns += 10 * kMillisecond;
    const bool turned = i >= turned_at;
    const std::uint64_t packets = turned ? packets_after : 1000;
    next.count.packets += packets;
    if (turned) next.count.turned += packets;
    next.cpus.cpus[0][CpuClass::softirq] += packets * (turned ? 500 : 2000);
    // What is not the DUT's is charged to nobody.
    next.cpus.cpus[0][CpuClass::foreign] += 12345;
    made.push_back(next);
  }
  return made;
}

FlipRecord record(const std::vector<FlipReading>& made, std::size_t turned_at,
                  double tsc_hz = 2e9) {
  return flip_record(kDrop, made, kOwners, false, tsc_hz, kOpened,
                     kOpened + turned_at * 10 * kMillisecond);
}

TEST(FlipWindow, TheTaxIsTheDifferenceOfWhatPacketsCostAroundTheChange) {
  const FlipRecord made = record(readings(100, 50), 50);
  EXPECT_EQ(made.action, "drop");
  EXPECT_DOUBLE_EQ(made.flipped_at_ms, 500);
  EXPECT_DOUBLE_EQ(*made.cycles_pass, 4000);
  EXPECT_DOUBLE_EQ(*made.cycles_drop, 1000);
  EXPECT_DOUBLE_EQ(*made.tax_cycles, 3000);
  EXPECT_DOUBLE_EQ(*made.visible_after_ms, 10);
  ASSERT_EQ(made.series.size(), 100u);
  EXPECT_EQ(made.series[49].turned, 0u);
  EXPECT_EQ(made.series[50].turned, 1000u);
  EXPECT_DOUBLE_EQ(made.series[0].at_ms, 10);
  EXPECT_DOUBLE_EQ(made.series[0].dut_cpu, 0.2);
  EXPECT_DOUBLE_EQ(*made.series[99].cycles, 1e6);
}

TEST(FlipWindow, AChangeThatShowsLateIsSeenAsLate) {
  auto made = readings(100, 53);
  const FlipRecord late = record(made, 50);
  EXPECT_DOUBLE_EQ(*late.visible_after_ms, 40);
  // What settles right after the change is in neither cost.
  EXPECT_DOUBLE_EQ(*late.tax_cycles, 3000);
  EXPECT_FALSE(record(readings(100, 100), 50).visible_after_ms);
}

TEST(FlipWindow, CostsAtTwoLoadsAreNoTax) {
  const FlipRecord made = record(readings(100, 50, 2000), 50);
  EXPECT_TRUE(made.cycles_pass && made.cycles_drop);
  EXPECT_FALSE(made.tax_cycles);
  EXPECT_NE(made.tax_reason.find("100000 and 200000 packets/s"), std::string::npos)
      << made.tax_reason;
}

TEST(FlipWindow, WithoutPacketsOrAPmuReadingThereIsNoTax) {
  EXPECT_FALSE(record(readings(100, 50, 0), 50).cycles_drop);
  EXPECT_FALSE(record(readings(2, 1), 1).tax_cycles);
  const FlipRecord made = flip_record(kDrop, readings(100, 50), kOwners, true, 2e9, kOpened,
                                      kOpened + 500 * kMillisecond);
  EXPECT_FALSE(made.cycles_pass);
  EXPECT_FALSE(made.series[0].cycles);
}

}  // namespace
}  // namespace pktbench::method
