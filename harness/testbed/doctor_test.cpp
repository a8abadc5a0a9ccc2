#include "harness/testbed/doctor.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace pktbench {
namespace {

namespace fs = std::filesystem;

const Finding& the(const std::vector<Finding>& findings, const std::string& check) {
  const auto it = std::find_if(findings.begin(), findings.end(),
                               [&](const Finding& f) { return f.check == check; });
  if (it == findings.end()) {
    static const Finding none;
    ADD_FAILURE() << "no finding " << check;
    return none;
  }
  return *it;
}

std::vector<std::string> checks_of(const std::vector<Finding>& findings, Severity severity) {
  std::vector<std::string> names;
  for (const Finding& f : findings)
    if (f.severity == severity) names.push_back(f.check);
  return names;
}

HostFacts good_host() {
  HostFacts h;
  h.cpus = std::vector<int>{0, 1, 2, 3};
  h.isolated = std::vector<int>{2, 3};
  h.governors = std::map<int, std::string>{{0, "performance"}, {1, "performance"}};
  h.cpufreq_path = "/cpu%/governor";
  h.turbo = false;
  h.idle_states = std::vector<IdleState>{{"state0", "C1", 2, false}, {"state1", "C6", 100, true}};
  h.smt = false;
  h.irqbalance = false;
  h.huge_pages = 600L;
  h.huge_pages_free = 512L;
  h.huge_page_kb = 2048L;
  h.iommu_groups = 12L;
  h.bpf_jit = 1L;
  h.bpf_jit_path = "/jit";
  h.mitigations = std::map<std::string, std::string>{{"l1tf", "Not affected"}};
  h.kernel = std::string("6.1.0");
  return h;
}

PortFacts good_port() {
  PortFacts p;
  p.name = "eth1";
  p.pci = "0000:01:00.0";
  p.driver = "ixgbe";
  p.mtu = 1500;
  p.up = true;
  p.carrier = true;
  p.speed = sys::LinkSpeed{10000, true, true, 10000};
  p.pcie = PcieLink{"8.0 GT/s PCIe", "8.0 GT/s PCIe", 8, 8};
  p.numa_node = 0;
  p.node_cpus = std::vector<int>{0, 1, 2, 3};
  p.irqs = std::map<int, std::vector<int>>{{40, {0}}, {41, {1}}, {42, {2}}};
  p.queues = sys::Channels{0, 0, 4, 0, 0, 64};
  p.rings = sys::Rings{4096, 4096, 4096, 4096};
  p.pause = sys::Pause{false, false, false};
  p.lro = false;
  p.eee = false;
  p.wake_on_lan = std::string("d");
  p.link_sleeps = std::vector<std::string>{};
  p.xdp_features = sys::XdpFeatures{true, true, true, true, false};
  p.dpdk_drivers = std::vector<std::string>{"net_ixgbe"};
  p.time_stamping = sys::TimeStamping{true, true, true, 0};
  p.safety.allowed = true;
  return p;
}

TEST(Doctor, HasNothingToSayOfAGoodHostAndPort) {
  auto findings = check_host(good_host());
  const auto port = check_port(good_port(), good_host());
  findings.insert(findings.end(), port.begin(), port.end());
  EXPECT_EQ(checks_of(findings, Severity::warn), std::vector<std::string>{});
  EXPECT_EQ(checks_of(findings, Severity::error), std::vector<std::string>{});
  for (const Finding& f : findings) {
    EXPECT_FALSE(f.unknown) << f.check << ": " << f.seen;
    EXPECT_TRUE(f.settings.empty()) << f.check;
    EXPECT_FALSE(f.seen.empty() || f.why.empty()) << f.check;
  }
}

struct HostCase {
  const char* check;
  Severity severity;
  void (*spoil)(HostFacts&);
  const char* seen;
};

TEST(Doctor, EachFaultOfTheHostIsOneFindingWithItsFix) {
  const HostCase cases[] = {
      {"governor", Severity::warn, [](HostFacts& h) { (*h.governors)[1] = "powersave"; },
       "performance, powersave"},
      {"turbo", Severity::warn, [](HostFacts& h) { h.turbo = true; }, "on"},
      {"c-states", Severity::warn, [](HostFacts& h) { (*h.idle_states)[1].disabled = false; },
       "enabled: C6 (100 us)"},
      {"smt", Severity::warn, [](HostFacts& h) { h.smt = true; }, "on"},
      {"irqbalance", Severity::warn, [](HostFacts& h) { h.irqbalance = true; }, "running"},
      {"huge-pages", Severity::warn, [](HostFacts& h) { h.huge_pages_free = 71L; },
       "71 free of 2048 kB: 142 MB"},
      {"iommu", Severity::warn, [](HostFacts& h) { h.iommu_groups = 0L; }, "no IOMMU groups"},
      {"bpf-jit", Severity::error, [](HostFacts& h) { h.bpf_jit = 0L; }, "off"},
  };
  for (const HostCase& c : cases) {
    HostFacts host = good_host();
    c.spoil(host);
    const auto findings = check_host(host);
    EXPECT_EQ(checks_of(findings, c.severity), std::vector<std::string>{c.check});
    EXPECT_EQ(the(findings, c.check).seen, c.seen);
    EXPECT_FALSE(the(findings, c.check).fix.empty()) << c.check;
  }
}

struct PortCase {
  const char* check;
  Severity severity;
  void (*spoil)(PortFacts&);
  const char* seen;
};

TEST(Doctor, EachFaultOfThePortIsOneFindingWithItsFix) {
  const PortCase cases[] = {
      {"link", Severity::warn, [](PortFacts& p) { p.speed->mbps = 1000; },
       "1000 Mbit/s, full duplex; the port can do 10000"},
      {"link", Severity::error, [](PortFacts& p) { p.speed->full_duplex = false; },
       "10000 Mbit/s, half duplex"},
      {"link", Severity::error, [](PortFacts& p) { p.carrier = false; }, "no carrier"},
      {"link", Severity::error, [](PortFacts& p) { p.carrier = p.up = false; }, "the port is down"},
      {"pcie", Severity::warn, [](PortFacts& p) { p.pcie->width = 4; },
       "x4 at 8.0 GT/s PCIe; the card can do x8 at 8.0 GT/s PCIe"},
      {"pcie", Severity::warn, [](PortFacts& p) { p.pcie->speed = "2.5 GT/s PCIe"; },
       "x8 at 2.5 GT/s PCIe; the card can do x8 at 8.0 GT/s PCIe"},
      {"irq-placement", Severity::warn, [](PortFacts& p) { (*p.irqs)[41] = (*p.irqs)[42] = {0}; },
       "40 on 0, 41 on 0, 42 on 0: all on one CPU"},
      {"irq-placement", Severity::warn, [](PortFacts& p) { (*p.irqs)[41] = {9}; },
       "40 on 0, 41 on 9, 42 on 2; away from the port's node: 41"},
      {"queues", Severity::warn, [](PortFacts& p) { p.queues->combined = 8; },
       "8 RX queues of at most 64, 4 CPUs"},
      {"ring-sizes", Severity::warn, [](PortFacts& p) { p.rings->rx = 512; },
       "rx 512 of 4096, tx 4096 of 4096"},
      {"pause-frames", Severity::warn, [](PortFacts& p) { p.pause->rx = true; },
       "rx on, tx off, negotiated off"},
      {"lro", Severity::warn, [](PortFacts& p) { p.lro = true; }, "on"},
      {"eee", Severity::warn, [](PortFacts& p) { p.eee = true; }, "on"},
      {"aspm", Severity::warn,
       [](PortFacts& p) { p.link_sleeps->push_back("/sys/x/link/l1_aspm"); },
       "/sys/x/link/l1_aspm"},
      {"mtu", Severity::warn, [](PortFacts& p) { p.mtu = 9000; },
       "9000, above 3494, which is all that a page leaves"},
      {"xdp-programs", Severity::warn,
       [](PortFacts& p) {
         p.xdp = {{"driver", 7}};
       },
       "id 7 (driver)"},
      {"dpdk-support", Severity::warn, [](PortFacts& p) { p.dpdk_drivers->clear(); },
       "no driver of the installed DPDK knows this chip (ixgbe: native XDP since Linux 4.12, "
       "zero-copy since 4.20)"},
      {"safety", Severity::error,
       [](PortFacts& p) {
         p.safety = {false, {"eth1"}, {"it carries x", "and y"}, {}};
       },
       "refused: it carries x; and y"},
  };
  for (const PortCase& c : cases) {
    PortFacts port = good_port();
    c.spoil(port);
    const auto findings = check_port(port, good_host());
    EXPECT_EQ(checks_of(findings, c.severity), std::vector<std::string>{c.check});
    EXPECT_EQ(the(findings, c.check).seen, c.seen);
    EXPECT_FALSE(the(findings, c.check).fix.empty()) << c.check;
  }
}

TEST(Doctor, ACommandNamesThePortAsOneWordOfAShell) {
  PortFacts port = good_port();
  port.name = "e;reboot";
  port.mtu = 9000, port.wake_on_lan = std::string("g");
  port.xdp = {{"generic", 7}};
  const auto findings = check_port(port, good_host());
  EXPECT_EQ(the(findings, "mtu").fix, "ip link set dev 'e;reboot' mtu 1500");
  EXPECT_EQ(the(findings, "wake-on-lan").fix, "ethtool -s 'e;reboot' wol d");
  EXPECT_EQ(the(findings, "xdp-programs").fix, "ip link set dev 'e;reboot' xdpgeneric off");
}

TEST(Doctor, APortOnOneOfTwoNodesIsSaid) {
  HostFacts host = good_host();
  host.cpus = std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7};
  const auto findings = check_port(good_port(), host);
  EXPECT_EQ(checks_of(findings, Severity::warn), std::vector<std::string>{"numa"});
  EXPECT_EQ(the(findings, "numa").seen, "node 0, CPUs 0-3 of the host's 0-7");
}

TEST(Doctor, WhatCouldNotBeReadIsUnknownAndNeverGood) {
  HostFacts host;  // nothing was read
  for (const Finding& f : check_host(host)) {
    EXPECT_TRUE(f.unknown) << f.check;
    EXPECT_EQ(f.severity, Severity::info) << f.check;
    EXPECT_EQ(f.seen, "was not asked") << f.check;
  }
  PortFacts port;
  port.name = "eth1";
  port.safety.reasons = {"why"};
  for (const Finding& f : check_port(port, host)) {
    // These have no "could not": an empty list of programs and an MTU come with the device.
    if (f.check == "safety" || f.check == "mtu" || f.check == "xdp-programs") continue;
    EXPECT_TRUE(f.unknown) << f.check;
    EXPECT_EQ(f.severity, Severity::info) << f.check;
  }
}

TEST(Doctor, RealtekIsSaidToHaveNoNativeXdpAndWhatElseThereIs) {
  PortFacts port = good_port();
  port.driver = "r8169";
  port.xdp_features = sys::XdpFeatures{};
  port.dpdk_drivers->clear();
  port.pci_id = "10ec:8127";
  const auto findings = check_port(port, good_host());
  const Finding& kernel = the(findings, "kernel-support");
  EXPECT_EQ(kernel.severity, Severity::warn);
  EXPECT_TRUE(kernel.seen.starts_with("native XDP no, ")) << kernel.seen;
  EXPECT_NE(the(findings, "dpdk-support").seen.find("since 25.07"), std::string::npos);
}

// The kernel's answer counts, whatever is written of the driver.
TEST(Doctor, FactsOfADriverExplainAndDoNotAnswer) {
  PortFacts port = good_port();
  port.driver = "r8169";
  const Finding kernel = the(check_port(port, good_host()), "kernel-support");
  EXPECT_EQ(kernel.severity, Severity::info);
  EXPECT_TRUE(kernel.seen.starts_with("native XDP yes, ")) << kernel.seen;
}

TEST(Doctor, WhatCanBeSetCarriesItsSetting) {
  HostFacts host = good_host();
  (*host.governors)[1] = "powersave";
  const Finding governor = the(check_host(host), "governor");
  ASSERT_EQ(governor.settings.size(), 1u);
  EXPECT_EQ(governor.settings[0].name, "/cpu1/governor");
  PortFacts port = good_port();
  port.rings->rx = 256;
  const Finding rings = the(check_port(port, host), "ring-sizes");
  ASSERT_EQ(rings.settings.size(), 1u);
  EXPECT_EQ(rings.settings[0].device, "eth1");
  EXPECT_EQ(rings.settings[0].value, "rx=4096 tx=4096");
}

TEST(Doctor, DpdkOverAKernelDeviceIsOfferedByWhatTheDriverCan) {
  PortFacts port = good_port();
  port.dpdk_drivers->clear();
  EXPECT_EQ(the(check_port(port, good_host()), "dpdk-support").fix,
            "use dpdk with net_af_xdp or net_af_packet");
  port.xdp_features->native = false;
  EXPECT_EQ(the(check_port(port, good_host()), "dpdk-support").fix, "use dpdk with net_af_packet");
}

class DoctorTree : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("pktbench-doctor-" + std::to_string(getpid()));
    sources_.procfs = root_ / "proc";
    sources_.sysfs = root_ / "sys";
    sources_.dpdk_drivers = {root_ / "none-*", root_ / "pmds-*"};
  }
  void TearDown() override { fs::remove_all(root_); }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  fs::path root_;
  HostSources sources_;
};

TEST_F(DoctorTree, TheHostIsReadFromTheTree) {
  const std::string cpu = "sys/devices/system/cpu/";
  put(cpu + "online", "0-1\n");
  put(cpu + "isolated", "1\n");
  put(cpu + "cpu0/cpufreq/scaling_governor", "powersave\n");
  put(cpu + "cpu1/cpufreq/scaling_governor", "performance\n");
  put(cpu + "intel_pstate/no_turbo", "0\n");
  put(cpu + "cpu0/cpuidle/state0/name", "C6\n");
  put(cpu + "cpu0/cpuidle/state0/latency", "133\n");
  put(cpu + "cpu0/cpuidle/state0/disable", "0\n");
  put(cpu + "smt/active", "1\n");
  put(cpu + "vulnerabilities/spectre_v2", "Mitigation: Retpolines\n");
  put("sys/kernel/iommu_groups/0/type", "DMA\n");
  put("proc/77/comm", "irqbalance\n");
  put("proc/meminfo", "MemTotal: 1 kB\nHugePages_Free:       4\nHugepagesize:    2048 kB\n");
  put("proc/sys/net/core/bpf_jit_enable", "0\n");
  put("proc/sys/kernel/osrelease", "6.1.0\n");
  const auto findings = check_host(gather_host_facts(sources_));
  EXPECT_EQ(checks_of(findings, Severity::error), std::vector<std::string>{"bpf-jit"});
  EXPECT_EQ(checks_of(findings, Severity::warn),
            (std::vector<std::string>{"governor", "turbo", "c-states", "smt", "irqbalance",
                                      "huge-pages"}));
  EXPECT_EQ(the(findings, "isolcpus").seen, "isolated CPUs: 1");
  EXPECT_EQ(the(findings, "iommu").seen, "1 groups");
  EXPECT_EQ(the(findings, "mitigations").seen, "active: spectre_v2");
  EXPECT_EQ(the(findings, "governor").settings.at(0).name,
            (root_ / (cpu + "cpu0/cpufreq/scaling_governor")).string());
}

TEST_F(DoctorTree, APortWithoutAnInterfaceIsReadByItsPciAddress) {
  const std::string pci = "sys/bus/pci/devices/0000:01:00.0/";
  put("proc/mounts", "/dev/vda / ext4 rw 0 0\n");
  put("proc/cmdline", "quiet\n");
  put(pci + "class", "0x020000\n");
  put(pci + "current_link_speed", "2.5 GT/s PCIe\n");
  put(pci + "max_link_speed", "5.0 GT/s PCIe\n");
  put(pci + "current_link_width", "1\n");
  put(pci + "max_link_width", "4\n");
  put(pci + "link/l1_aspm", "1\n");
  put(pci + "numa_node", "1\n");
  put(pci + "local_cpulist", "4-7\n");
  put(pci + "msi_irqs/31", "msix\n");
  put("proc/irq/31/smp_affinity_list", "0-3\n");
  for (const auto& [name, id] :
       {std::pair("vendor", "0x8086"), std::pair("device", "0x10d3"),
        std::pair("subsystem_vendor", "0x8086"), std::pair("subsystem_device", "0xa01f")})
    put(pci + name, std::string(id) + "\n");
  const std::string info = "PMD_INFO_STRING= {\"name\": \"";
  std::string plugin =
      "\x7f"
      "ELF";
  plugin += info + "net_other\", \"pci_ids\": [[32902, 1, 65535, 65535]]}";
  plugin += '\0';
  plugin += info + "net_e1000_em\", \"pci_ids\": [[32902, 4307, 65535, 65535]]}";
  plugin += '\0';
  put("pmds-23.0/librte_net_e1000.so", plugin);
  const auto port = gather_port_facts("01:00.0", {}, sources_);
  ASSERT_TRUE(port) << port.error().message;
  EXPECT_TRUE(port->safety.allowed);
  const auto findings = check_port(*port, good_host());
  EXPECT_EQ(the(findings, "pcie").seen, "x1 at 2.5 GT/s PCIe; the card can do x4 at 5.0 GT/s PCIe");
  EXPECT_EQ(the(findings, "irq-placement").seen, "31 on 0-3; away from the port's node: 31");
  EXPECT_EQ(the(findings, "dpdk-support").seen, "net_e1000_em");
  EXPECT_EQ(checks_of(findings, Severity::warn),
            (std::vector<std::string>{"pcie", "numa", "aspm", "irq-placement"}));
  EXPECT_EQ(the(findings, "aspm").fix, "echo 0 | tee " + (root_ / (pci + "link/l1_aspm")).string());

  put(pci + "class", "0x010802\n");
  EXPECT_FALSE(gather_port_facts("01:00.0", {}, sources_)->safety.allowed);
  EXPECT_EQ(gather_port_facts("02:00.0", {}, sources_).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(gather_port_facts("no-such-port", {}, sources_).error().code, ErrorCode::invalid_input);
}

TEST_F(DoctorTree, AppliedSettingsAreReadBackAndUndoneAfterAKill) {
  put("gov0", "powersave");
  put("jit", "0");
  put("good", "performance");
  const std::string state = root_ / "state";
  Finding finding;
  finding.settings = {{"", root_ / "gov0", "performance"},
                      {"", root_ / "missing", "1"},
                      {"", root_ / "jit", "1"},
                      {"", root_ / "good", "performance"}};
  // The child ends without any clean-up.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto journal = undo::Journal::kept(state);
    auto applied = journal ? apply_settings({finding}, *journal) : journal.error();
    const bool right = applied && applied->size() == 3 && (*applied)[0].before == "powersave" &&
                       (*applied)[0].after == "performance" && !(*applied)[1].failed.empty() &&
                       (*applied)[2].after == "1";
    if (!right) _exit(1);
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the child saw something else applied";
  const auto get = [&](const char* name) {
    std::ifstream in(root_ / name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(get("gov0") + get("jit"), "performance1");
  // A run that starts meanwhile leaves it.
  EXPECT_FALSE(undo::has_journals(state));
  ASSERT_TRUE(undo::restore_all(state));
  EXPECT_EQ(get("gov0") + get("jit"), "performance1");
  const auto restored = undo::restore_all(state, undo::Journals::all);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->undone.size(), 2u);
  EXPECT_EQ(get("gov0") + get("jit") + get("good"), "powersave0performance");
  EXPECT_FALSE(undo::has_journals(state, undo::Journals::all));
}

}  // namespace
}  // namespace pktbench
