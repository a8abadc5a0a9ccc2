#include "harness/measure/disturbance.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

namespace pktbench::measure {
namespace {

// CPU 2 is offline.
constexpr const char* kInterrupts =
    R"(           CPU0       CPU1       CPU3
 24:          1          0         70  IO-APIC   5-edge      ACPI:Ged
 36:          0     810058          4 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0
 37:          0          5          0 PCI-MSIX-0000:00:02.0   2-edge      i801_smbus, eth0-rx
 38:          9          0          0
LOC:    3238162    3760945    3700000   Local timer interrupts
ERR:          7
MIS:          0
)";
constexpr const char* kSoftirqs =
    R"(                    CPU0       CPU1       CPU3
          HI:          0          0          0
       BLOCK:          2     810032          0
)";

TEST(InterruptsOfCpu, AreByHandlerOrShortName) {
  const std::map<std::string, double> cpu1 = {{"ACPI:Ged", 0},
                                              {"virtio1-req.0", 810058},
                                              {"i801_smbus, eth0-rx", 5},
                                              {"irq38", 0},
                                              {"LOC", 3760945}};
  EXPECT_EQ(interrupts_of_cpu(kInterrupts, 1), cpu1);
}

TEST(InterruptsOfCpu, TheColumnIsTheCpusOwnAlsoWhereOneIsOffline) {
  EXPECT_EQ(interrupts_of_cpu(kInterrupts, 3).at("ACPI:Ged"), 70);
  EXPECT_TRUE(interrupts_of_cpu(kInterrupts, 2).empty());
  EXPECT_EQ(interrupts_of_cpu(kSoftirqs, 1).at("BLOCK"), 810032);
}

TEST(InterruptsOfCpu, NonsenseIsNoCount) {
  EXPECT_TRUE(interrupts_of_cpu("", 0).empty());
  EXPECT_TRUE(interrupts_of_cpu("CPU0\n", 0).empty());
  EXPECT_TRUE(interrupts_of_cpu("CPU0\nno colon 5\n: \n 1: x\n", 0).empty());
}

class Disturbances : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("pktbench-disturbance-" + std::to_string(getpid()));
    sources_ = host_disturbances({1, 3}, {}, root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void remove(const std::string& path) { std::filesystem::remove(root_ / path); }

  DisturbanceSource& source(const std::string& name) {
    for (const auto& s : sources_)
      if (s->name() == name) return *s;
    throw std::runtime_error("no source " + name);
  }

  // What `change` does between two readings a second apart.
  DisturbanceFinding judge(const std::string& name, const std::function<void()>& change) {
    DisturbanceSource& s = source(name);
    const DisturbanceReading before = s.read();
    EXPECT_EQ(before.missing, "");
    change();
    const DisturbanceReading after = s.read();
    EXPECT_EQ(after.missing, "");
    return s.judge(before, after, {.window_s = 1.0});
  }

  void put_frequency(int cpu, int khz) {
    put("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/scaling_cur_freq",
        std::to_string(khz) + "\n");
  }
  void put_memory(const std::string& stall_us, int stalls, int faults, int killed) {
    if (!stall_us.empty())
      put("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=" + stall_us +
                                      "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
    put("proc/vmstat", "nr_free_pages 5\nallocstall_dma 0\nallocstall_normal " +
                           std::to_string(stalls) + "\npgmajfault " + std::to_string(faults) +
                           "\noom_kill " + std::to_string(killed) + "\n");
  }

  std::filesystem::path root_;
  DisturbanceSources sources_;
};

TEST_F(Disturbances, InterruptsOfTheDutsCpusAreEvidenceByName) {
  put("proc/interrupts", kInterrupts);
  put("proc/softirqs", kSoftirqs);
  const auto finding = judge("interrupts", [&] {
    put("proc/interrupts",
        "  CPU0 CPU1 CPU3\n 36: 99 810060 4 PCI 1-edge virtio1-req.0\nLOC: 0 3760946 0 Local\n");
    put("proc/softirqs", "  CPU0 CPU1 CPU3\n BLOCK: 9 810033 0\n");
  });
  EXPECT_TRUE(finding.reasons.empty());
  EXPECT_EQ(finding.evidence,
            (std::map<std::string, double>{
                {"cpu1.virtio1-req.0", 2}, {"cpu1.LOC", 1}, {"cpu1.softirq.BLOCK", 1}}));
}

TEST_F(Disturbances, InterruptsWithoutTheDutsCpusAreMissing) {
  put("proc/interrupts", "  CPU0\nLOC: 1 Local\n");
  put("proc/softirqs", "  CPU0\nBLOCK: 1\n");
  EXPECT_FALSE(source("interrupts").read().missing.empty());
  remove("proc/interrupts");
  EXPECT_NE(source("interrupts").read().missing.find("/proc/interrupts"), std::string::npos);
}

TEST_F(Disturbances, AFrequencyThatChangesByMoreThanATenthDisturbs) {
  EXPECT_NE(source("frequency").read().missing.find("scaling_cur_freq"), std::string::npos);
  put_frequency(1, 3'000'000);
  put_frequency(3, 3'000'000);
  const auto little = judge("frequency", [&] { put_frequency(3, 2'750'000); });
  EXPECT_TRUE(little.reasons.empty());
  EXPECT_EQ(little.evidence.at("cpu3.khz_after"), 2'750'000);
  const auto much = judge("frequency", [&] { put_frequency(1, 2'600'000); });
  ASSERT_EQ(much.reasons.size(), 1u);
  EXPECT_NE(much.reasons[0].find("cpu1 went from 3000 to 2600 MHz"), std::string::npos);
  EXPECT_EQ(judge("frequency", [&] { put_frequency(1, 3'000'000); }).reasons.size(), 1u);
}

TEST_F(Disturbances, AnyThrottlingDisturbs) {
  EXPECT_NE(source("throttling").read().missing.find("thermal_throttle"), std::string::npos);
  const std::string counter = "sys/devices/system/cpu/cpu3/thermal_throttle/package_throttle_count";
  put(counter, "4\n");
  EXPECT_TRUE(judge("throttling", [] {}).reasons.empty());
  const auto finding = judge("throttling", [&] { put(counter, "6\n"); });
  ASSERT_EQ(finding.reasons.size(), 1u);
  EXPECT_NE(finding.reasons[0].find("2 times (cpu3.package_throttle_count)"), std::string::npos);
}

TEST_F(Disturbances, WaitingForMoreThanAHundredthOfTheWindowForMemoryDisturbs) {
  put_memory("1000", 0, 5, 0);
  // Direct reclaim and faults of others are evidence; what was lost by them is what counts.
  const auto little = judge("memory", [&] { put_memory("10000", 3, 50, 0); });
  EXPECT_TRUE(little.reasons.empty());
  EXPECT_EQ(little.evidence.at("stall_us"), 9000);
  EXPECT_EQ(little.evidence.at("pgmajfault"), 45);
  EXPECT_EQ(little.evidence.at("allocstall"), 3);
  const auto much = judge("memory", [&] { put_memory("30000", 3, 50, 0); });
  ASSERT_EQ(much.reasons.size(), 1u);
  EXPECT_NE(much.reasons[0].find("2.0%"), std::string::npos);
}

TEST_F(Disturbances, WithoutPressureInformationAnyDirectReclaimDisturbs) {
  put_memory("", 3, 5, 0);
  EXPECT_TRUE(judge("memory", [&] { put_memory("", 3, 9, 0); }).reasons.empty());
  EXPECT_EQ(judge("memory", [&] { put_memory("", 4, 9, 0); }).reasons.size(), 1u);
  EXPECT_EQ(judge("memory", [&] { put_memory("", 4, 9, 1); }).reasons.size(), 1u);
}

}  // namespace
}  // namespace pktbench::measure
