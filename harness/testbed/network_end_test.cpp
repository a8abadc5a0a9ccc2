#include "harness/testbed/network_end.hpp"

#include <gtest/gtest.h>

namespace pktbench::testbed {
namespace {

class Device : public NetworkEnd {
 public:
  Device(const std::string& pci, bool threaded) : NetworkEnd(measure::PortEnd::receiver) {
    made.pci = pci;
    made.cpus = {1};
    threaded_ = threaded;
    sender_.made.cpus = {0};
    faces(sender_);
  }

 private:
  Result<DropCounts> drops_on_the_way_back() const override { return DropCounts{}; }
  Result<void> set_mtu(unsigned) override { return {}; }

  LocalEnd sender_;
};

using Cpus = std::vector<int>;
constexpr const char* kPci = "0000:01:00.0";

TEST(NetworkEndWork, OfANicAreItsInterruptsAndSoftirqsWhereverNapiRuns) {
  for (const bool threaded : {false, true}) {
    const Device nic(kPci, threaded);
    EXPECT_TRUE(nic.own_interrupts()) << threaded;
    EXPECT_EQ(nic.softirq_cpus(), Cpus{1}) << threaded;
  }
}

TEST(NetworkEndWork, OfAVirtualDeviceAreNoInterruptsAndWithNapiInThreadsNoSoftirqs) {
  const Device virtual_device("", false);
  EXPECT_FALSE(virtual_device.own_interrupts());
  EXPECT_EQ(virtual_device.softirq_cpus(), (Cpus{1, 0}));
  EXPECT_TRUE(Device("", true).softirq_cpus().empty());
}

TEST(NetworkEndWork, OfALentNicIsNone) {
  Device nic(kPci, true);
  nic.lend(true);
  EXPECT_TRUE(nic.softirq_cpus().empty());
}

}  // namespace
}  // namespace pktbench::testbed
