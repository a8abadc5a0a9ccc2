// The commands that doctor prints for the host, typed as they are printed, in a tree of files.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "harness/sys/file.hpp"
#include "harness/testbed/doctor.hpp"

namespace pktbench {
namespace {

namespace fs = std::filesystem;

class DoctorFix : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("pktbench-doctor-fix-" + std::to_string(getpid()));
    sources_.procfs = root_ / "proc";
    sources_.sysfs = root_ / "sys";
  }
  void TearDown() override { fs::remove_all(root_); }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text << "\n";
  }
  std::string get(const std::string& name) const { return sys::read_file(root_ / name).value(); }

  Finding found(const std::string& check) const {
    const auto findings = check_host(gather_host_facts(sources_));
    const auto it = std::find_if(findings.begin(), findings.end(),
                                 [&](const Finding& f) { return f.check == check; });
    return it == findings.end() ? Finding{} : *it;
  }
  void type_the_fix(const std::string& check) const {
    const Finding before = found(check);
    ASSERT_NE(before.severity, Severity::info) << check;
    EXPECT_EQ(std::system(("(" + before.fix + ") > /dev/null").c_str()), 0) << before.fix;
  }

  fs::path root_;
  HostSources sources_;
};

TEST_F(DoctorFix, EachTakesItsFindingAway) {
  const std::string cpu = "sys/devices/system/cpu/";
  put(cpu + "online", "0-1");
  for (const std::string n : {"cpu0", "cpu1"}) {
    put(cpu + n + "/cpufreq/scaling_governor", "powersave");
    for (const auto& [state, latency] :
         {std::pair("state0", "2"), std::pair("state1", "33"), std::pair("state2", "133")}) {
      const std::string folder = cpu + n + "/cpuidle/" + state + "/";
      put(folder + "name", "C");
      put(folder + "latency", latency);
      put(folder + "disable", "0");
    }
  }
  put(cpu + "intel_pstate/no_turbo", "0");
  put("proc/sys/net/core/bpf_jit_enable", "0");
  for (const char* check : {"governor", "turbo", "c-states", "bpf-jit"}) {
    type_the_fix(check);
    EXPECT_EQ(found(check).severity, Severity::info) << check;
  }
  const std::string idle = cpu + "cpu1/cpuidle/";
  EXPECT_EQ(
      get(idle + "state0/disable") + get(idle + "state1/disable") + get(idle + "state2/disable"),
      "011");
}

TEST_F(DoctorFix, HugePagesThatOthersHaveTakenAreLeftToThem) {
  put("proc/meminfo", "HugePages_Total: 100\nHugePages_Free: 10\nHugepagesize: 2048 kB");
  put("proc/sys/vm/nr_hugepages", "100");
  type_the_fix("huge-pages");
  EXPECT_EQ(get("proc/sys/vm/nr_hugepages"), "162");
}

TEST(DoctorStamps, AreThoseOfThePortAndWhyNotTheOthers) {
  const auto said = [](const sys::TimeStamping& stamps) {
    PortFacts port;
    port.name = "eth1";
    port.time_stamping = stamps;
    for (const Finding& finding : check_port(port, HostFacts{}))
      if (finding.check == "time-stamps") return finding.seen;
    return std::string();
  };
  EXPECT_EQ(said({.kernel = true}), "software; kernel; not hardware: its driver makes none");
  EXPECT_EQ(said({true, true, false, 0}),
            "software; kernel; not hardware: its driver makes them of PTP frames alone");
  EXPECT_EQ(said({true, true, true, 3}),
            "software; kernel; hardware, which the method does not read yet (clock: PHC 3)");
}

}  // namespace
}  // namespace pktbench
