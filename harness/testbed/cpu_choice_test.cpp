#include "harness/testbed/cpu_choice.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

namespace pktbench::testbed {
namespace {

using Cpus = std::vector<int>;

HostCpus host_of(int cpus) {
  HostCpus host;
  host.allowed.resize(static_cast<std::size_t>(cpus));
  std::iota(host.allowed.begin(), host.allowed.end(), 0);
  return host;
}

// Two nodes of two cores with two threads each: CPU n and n + 4 share a core, 0 and 1 are of node
// 0.
HostCpus two_nodes() {
  HostCpus host = host_of(8);
  for (int cpu = 0; cpu < 8; ++cpu) host.cores[cpu] = {cpu % 4, cpu % 4 + 4};
  return host;
}

Cpus dut_of(const HostCpus& host, unsigned queues, CpuChoice asked = {-1, {}}) {
  const auto chosen = choose_cpus(host, asked, queues);
  return chosen ? chosen->dut : Cpus();
}

std::string why_not(const HostCpus& host, CpuChoice asked) {
  const auto chosen = choose_cpus(host, std::move(asked), 1);
  return chosen ? "chosen" : chosen.error().message;
}

TEST(CpuChoice, TheGeneratorHasTheFirstAndTheDutTheLast) {
  const auto chosen = choose_cpus(host_of(2), {-1, {}}, 1);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->generator, 0);
  EXPECT_EQ(chosen->dut, Cpus{1});
}

TEST(CpuChoice, EachQueueHasOneOfItsOwnAsFarAsThereAre) {
  EXPECT_EQ(dut_of(host_of(8), 4), (Cpus{7, 6, 5, 4}));
  EXPECT_EQ(dut_of(host_of(3), 4), (Cpus{2, 1}));
  EXPECT_EQ(dut_of(host_of(2), 2), Cpus{1});
}

TEST(CpuChoice, TheOthersCpuIsLeftAlone) {
  EXPECT_EQ(dut_of(host_of(4), 9, {2, {}}), (Cpus{3, 1, 0}));
  const auto chosen = choose_cpus(host_of(4), {-1, {0, 1}}, 2);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->generator, 2);
}

TEST(CpuChoice, TheNodeOfThePortComesFirst) {
  HostCpus host = host_of(8);
  host.near = {2, 3};
  EXPECT_EQ(dut_of(host, 1), Cpus{3});
  EXPECT_EQ(dut_of(host, 4), (Cpus{3, 2, 7, 6}));
  host.near = {0};
  EXPECT_EQ(dut_of(host, 1), Cpus{7}) << "the only near one is the generator's";
}

TEST(CpuChoice, ACoreOfItsOwnComesBeforeAThreadOfAnothers) {
  HostCpus host = two_nodes();
  EXPECT_EQ(dut_of(host, 3), (Cpus{7, 6, 5}));
  EXPECT_EQ(dut_of(host, 5), (Cpus{7, 6, 5, 4, 3}));
  HostCpus beside = host_of(6);  // threads of a core have numbers beside each other
  for (int cpu = 0; cpu < 6; ++cpu) beside.cores[cpu] = {cpu / 2 * 2, cpu / 2 * 2 + 1};
  EXPECT_EQ(dut_of(beside, 5), (Cpus{5, 3, 4, 2, 1}));
  host.near = {0, 1, 4, 5};
  EXPECT_EQ(dut_of(host, 1), Cpus{5}) << "4 shares the generator's core";
  EXPECT_EQ(dut_of(host, 4), (Cpus{5, 4, 1, 7}));
}

TEST(CpuChoice, WhatWasAskedForIsTakenInItsOrder) {
  EXPECT_EQ(dut_of(two_nodes(), 1, {-1, {3, 2}}), (Cpus{3, 2}));
}

TEST(CpuChoice, SaysWhatCannotBe) {
  EXPECT_EQ(why_not(host_of(1), {-1, {}}),
            "needs two CPUs, one for the generator and one for the DUT; this process may use 1");
  EXPECT_EQ(why_not(host_of(2), {-1, {1, 2}}), "/testbed/dut_cpu: this process may not use CPU 2");
  EXPECT_EQ(why_not(host_of(2), {2, {}}), "/testbed/generator_cpu: this process may not use CPU 2");
  EXPECT_EQ(why_not(host_of(4), {1, {3, 1}}),
            "/testbed: generator_cpu and dut_cpu both have CPU 1; choose two");
  EXPECT_EQ(why_not(host_of(2), {-1, {0, 1}}),
            "/testbed: generator_cpu and dut_cpu both have CPU 0; choose two");
}

TEST(CpuChoice, NodeAndCoresAreTheKernels) {
  const std::string root = ::testing::TempDir() + "cpu_choice";
  const auto put = [&](const std::string& path, const char* text) {
    const std::filesystem::path file = root + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  };
  const int first = gather_host_cpus("").allowed.at(0);
  put("bus/pci/devices/0000:01:00.0/local_cpulist", "4-5,8");
  put("devices/system/cpu/cpu" + std::to_string(first) + "/topology/thread_siblings_list", "0,16");
  HostSources sources;
  sources.sysfs = root;
  const HostCpus host = gather_host_cpus("0000:01:00.0", sources);
  EXPECT_EQ(host.near, (Cpus{4, 5, 8}));
  EXPECT_EQ(host.cores, (std::map<int, Cpus>{{first, {0, 16}}}));
  EXPECT_TRUE(gather_host_cpus("", sources).near.empty());
  std::filesystem::remove_all(root);
}

TEST(QueuesOfInterrupts, AreByTheNamesOfDrivers) {
  using Names = std::vector<std::string>;
  using Queues = std::vector<unsigned>;
  const std::vector<std::pair<Names, Queues>> known = {
      {{"eth3", "eth3-TxRx-0", "eth3-TxRx-1"}, {0, 0, 1}},           // igb, igc
      {{"eth3", "eth3-rx-1", "eth3-tx-1"}, {0, 1, 1}},               // igb, e1000e
      {{"i40e-enp1s0f1-TxRx-1", "i40e-0000:01:00.1:misc"}, {1, 0}},  // i40e
      {{"mlx5_async0@pci:0000:01:00.0", "mlx5_comp0@pci:0000:01:00.0",
        "mlx5_comp1@pci:0000:01:00.0"},
       {0, 0, 1}},  // mlx5
      {{"virtio1-config", "virtio1-input.0", "virtio1-output.0", "virtio1-input.1"},
       {0, 0, 0, 1}},                                               // virtio
      {{"ena-mgmnt@pci:0000:00:05.0", "ens5-Tx-Rx-1"}, {0, 1}},     // ena
      {{"eth0-rxtx-0", "eth0-rxtx-1", "eth0-event-2"}, {0, 1, 0}},  // vmxnet3
      {{"enp7s0"}, {0}},                                            // r8169
  };
  for (const auto& [names, queues] : known)
    EXPECT_EQ(queues_of_interrupts(names, 2), queues) << names.front();
  EXPECT_EQ(queues_of_interrupts({"a", "b", "c"}, 2), (Queues{0, 1, 0}))
      << "names that tell nothing";
  EXPECT_EQ(queues_of_interrupts({"eth0-rx-5"}, 2), Queues{1});
}

}  // namespace
}  // namespace pktbench::testbed
