#include "harness/host/environment.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "harness/text/section.hpp"

namespace pktbench {
namespace {

class EnvironmentTest : public testing::Test {
 protected:
  EnvironmentTest() {
    std::string name = (std::filesystem::temp_directory_path() / "pktbench-XXXXXX").string();
    root_ = mkdtemp(name.data());
    sources_ = {root_ + "/proc", root_ + "/sys",
                [] { return Result<double>(make_error(ErrorCode::unsupported, "no TSC")); }};
  }
  ~EnvironmentTest() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }

  std::string root_;
  HostSources sources_;
};

// Dotted paths of every null.
void find_nulls(const Json& value, const std::string& path, std::set<std::string>& found) {
  if (value.is_null()) found.insert(path);
  if (!value.is_structured()) return;
  for (const auto& [key, child] : value.items())
    if (key != "missing") find_nulls(child, path.empty() ? key : path + "." + key, found);
}

TEST_F(EnvironmentTest, OnAHostWithoutAnyFileEveryValueIsNullWithItsReason) {
  Port port;
  port.name = "no-such-device0";
  const Json made = capture_environment({{"dut", port}}, sources_);
  std::set<std::string> nulls;
  find_nulls(made, "", nulls);
  std::set<std::string> explained;
  for (const auto& [key, reason] : made["missing"].items()) {
    explained.insert(key);
    EXPECT_NE(reason.get<std::string>(), "") << key;
  }
  EXPECT_EQ(nulls, explained);
  for (const char* section : {"cpu", "kernel", "memory", "bpf", "load"})
    for (const auto& [key, value] : made[section].items())
      EXPECT_TRUE(value.is_null()) << section << "." << key;
  EXPECT_EQ(made["nics"][0]["name"], "no-such-device0");
  EXPECT_EQ(made["missing"]["nics.0.driver"],
            "look up network device no-such-device0: No such device");
  EXPECT_EQ(made["missing"]["cpu.tsc_hz"], "no TSC");
  EXPECT_EQ(made["missing"]["kernel.clocksource"],
            "open " + root_ +
                "/sys/devices/system/clocksource/clocksource0/current_clocksource: "
                "No such file or directory");
}

TEST_F(EnvironmentTest, AGuestOfTheLabSaysWhatEmulatesIt) {
  put("/proc/cmdline", "quiet pktbench.lab=tcg iommu=pt");
  EXPECT_EQ(capture_environment({}, sources_)["emulator"], "QEMU (tcg)");
  put("/proc/cmdline", "quiet xpktbench.lab=tcg");
  EXPECT_EQ(emulator(sources_), "");
}

TEST_F(EnvironmentTest, ReadsWhatTheKernelTells) {
  put("/proc/cpuinfo",
      "processor\t: 0\nmodel name\t: Example CPU @ 2.60GHz\nmicrocode\t: 0xb40\nflags\t\t: fpu "
      "avx2\n\nprocessor\t: 1");
  put("/sys/devices/system/cpu/online", "0-1");
  put("/sys/devices/system/cpu/smt/control", "off");
  put("/sys/devices/system/cpu/smt/active", "0");
  put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance");
  put("/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave");
  put("/sys/devices/system/cpu/vulnerabilities/meltdown", "Not affected");
  put("/sys/devices/system/node/online", "0");
  put("/proc/sys/kernel/osrelease", "6.1.0-test");
  put("/proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Example");
  put("/proc/cmdline", "quiet isolcpus=1");
  put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
  put("/proc/meminfo", "MemTotal:  1000 kB\nHugePages_Total:      16\nHugepagesize:  2048 kB");
  put("/proc/sys/net/core/bpf_jit_enable", "1");
  put("/proc/sys/net/core/bpf_jit_harden", "0");
  put("/proc/sys/kernel/bpf_stats_enabled", "0");
  put("/proc/loadavg", "0.10 0.20 0.30 2/345 6789");
  put("/proc/stat", "cpu  1 2 3\nprocs_running 2\nprocs_blocked 0");
  sources_.tsc_hz = [] { return Result<double>(2.6e9); };

  Json made = capture_environment({}, sources_);
  EXPECT_FALSE(made.contains("emulator"));
  EXPECT_EQ(made["missing"], Json::object());
  made.erase("versions");
  EXPECT_EQ(made, Json::parse(R"({
    "cpu": {"model": "Example CPU @ 2.60GHz", "count": 2, "online": "0-1", "microcode": "0xb40",
            "flags": ["fpu", "avx2"],
            "smt": "off", "smt_active": false, "governor": "performance, powersave",
            "mitigations": {"meltdown": "Not affected"}, "tsc_hz": 2.6e9, "numa_nodes": 1},
    "kernel": {"release": "6.1.0-test", "version": "#1 SMP PREEMPT_DYNAMIC Example",
               "cmdline": "quiet isolcpus=1", "clocksource": "tsc", "preempt": "PREEMPT_DYNAMIC"},
    "memory": {"total_bytes": 1024000, "hugepages_total": 16, "hugepagesize_bytes": 2097152},
    "nics": [],
    "bpf": {"jit_enable": 1, "jit_harden": 0, "stats_enabled": 0},
    "load": {"loadavg": [0.1, 0.2, 0.3], "procs_running": 2},
    "missing": {}})"));
}

TEST_F(EnvironmentTest, ThePreemptionInForceIsTakenWhereItCanBeRead) {
  put("/proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Example");
  put("/sys/kernel/debug/sched/preempt", "none voluntary (full) lazy");
  EXPECT_EQ(capture_environment({}, sources_)["kernel"]["preempt"], "full");
}

TEST_F(EnvironmentTest, FilesThatMakeNoSenseAreGaps) {
  put("/sys/devices/system/cpu/online", "all of them");
  put("/proc/meminfo", "MemTotal: lots kB");
  put("/proc/loadavg", "high");
  put("/proc/sys/net/core/bpf_jit_enable", "");
  const Json made = capture_environment({}, sources_);
  for (const char* path : {"cpu.count", "memory.total_bytes", "load.loadavg", "bpf.jit_enable"})
    EXPECT_TRUE(made["missing"].contains(path)) << path;
}

TEST_F(EnvironmentTest, ASimulatedPortSaysSo) {
  struct Fake : VirtualDevice {
    std::uint64_t now_ns() const override { return 0; }
    void deliver(std::uint64_t, std::uint64_t, std::uint64_t, std::uint32_t) override {}
    Counters received() const override { return {}; }
    DelayCounts delays() const override { return {}; }
  };
  Port port;
  port.name = "sim-dut";
  port.device = std::make_shared<Fake>();
  const Json made = capture_environment({{"dut", port}}, sources_);
  EXPECT_EQ(made["missing"]["nics.0.mac"], "a simulated device has none");
}

TEST_F(EnvironmentTest, APortWhoseNamespaceIsGoneIsAGap) {
  Port port;
  port.name = "lo";
  port.netns_path = root_ + "/gone";
  const Json made = capture_environment({{"dut", port}}, sources_);
  EXPECT_EQ(made["missing"]["nics.0.mac"],
            "open namespace " + root_ + "/gone: No such file or directory");
}

TEST(Environment, LoopbackNeedsNoPrivilege) {
  Port port;
  port.name = "lo";
  const Json nic = capture_environment({{"dut", port}})["nics"][0];
  EXPECT_EQ(nic["mac"], "00:00:00:00:00:00");
  EXPECT_GT(nic["mtu"], 0);
  EXPECT_EQ(nic["offloads"]["loopback"], true);
  EXPECT_EQ(nic["offloads"]["hw-tc-offload"], false);
}

TEST(Environment, ThisHostIsDescribed) {
  const Json made = capture_environment({});
  EXPECT_GT(made["cpu"]["count"], 0);
  EXPECT_GT(made["memory"]["total_bytes"], 0);
  EXPECT_NE(made["kernel"]["release"], nullptr);
  EXPECT_NE(made["versions"]["libbpf"], nullptr);
  EXPECT_NE(made["versions"]["kernel_headers"], nullptr);
}

}  // namespace
}  // namespace pktbench
