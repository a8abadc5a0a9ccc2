// NAPI threads of a veth's queues on the CPUs that its end names.
#include <gtest/gtest.h>

#include <map>

#include "harness/sys/cpu.hpp"
#include "harness/sys/file.hpp"
#include "harness/testbed/network_end.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/test_veth.hpp"

namespace pktbench::testbed {
namespace {

class Receiver final : public NetworkEnd {
 public:
  Receiver(const Port& port, std::vector<int> cpus) : NetworkEnd(measure::PortEnd::receiver) {
    made = port;
    made.cpus = std::move(cpus);
    threaded_ = true;
  }

 private:
  Result<DropCounts> drops_on_the_way_back() const override { return DropCounts{}; }
  Result<void> set_mtu(unsigned) override { return {}; }
};

TEST(NapiThreads, EachIsOnTheCpuOfItsQueue) {
  NEED_ROOT();
  const auto cpus = sys::allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "needs two CPUs";
  // Enough that ids of four digits and of five are among them at times.
  const testing::TestVeth veth(4);
  veth.thread_napi();
  veth.run_in_dut("ethtool -K " + veth.dut().name + " gro on");
  Receiver end(veth.dut(), {cpus[1], cpus[0]});
  const auto threads = end.settle(false);
  ASSERT_TRUE(threads) << threads.error().message;
  ASSERT_EQ(threads->size(), 4u);
  std::map<long, std::vector<int>> by_id;  // napi/DEVICE-ID
  for (const pid_t thread : *threads) {
    const auto name = sys::read_file("/proc/" + std::to_string(thread) + "/comm");
    ASSERT_TRUE(name);
    by_id[std::stol(name->substr(name->rfind('-') + 1))] = sys::allowed_cpus(thread);
  }
  std::vector<std::vector<int>> in_order;
  for (const auto& [id, where] : by_id) in_order.push_back(where);
  EXPECT_EQ(in_order, (std::vector<std::vector<int>>{{cpus[1]}, {cpus[0]}, {cpus[1]}, {cpus[0]}}));
}

}  // namespace
}  // namespace pktbench::testbed
