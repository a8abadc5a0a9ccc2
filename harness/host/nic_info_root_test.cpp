// Against a tap device in a network namespace of its own: nothing of the host is touched.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <thread>

#include "harness/host/nic_info.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench {
namespace {

// A thread that holds a namespace with one tap device until it is told to end.
class TapNamespace {
 public:
  TapNamespace() : thread_([this] { hold(); }) { error_ = ready_.get_future().get(); }
  ~TapNamespace() {
    done_.set_value();
    thread_.join();
  }
  const std::string& error() const { return error_; }
  const std::string& path() const { return path_; }

 private:
  void hold() {
    sys::Fd tap;
    std::string error;
    if (unshare(CLONE_NEWNET) != 0) {
      error = std::string("unshare: ") + std::strerror(errno);
    } else {
      path_ = "/proc/self/task/" + std::to_string(sys::current_tid()) + "/ns/net";
      tap = sys::Fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
      ifreq request{};
      std::strcpy(request.ifr_name, "pbtap0");
      request.ifr_flags = IFF_TAP | IFF_NO_PI;
      if (!tap || ioctl(tap.get(), TUNSETIFF, &request) != 0)
        error = std::string("make a tap device: ") + std::strerror(errno);
    }
    ready_.set_value(error);
    done_.get_future().wait();
  }

  std::string path_;
  std::string error_;
  std::promise<std::string> ready_;
  std::promise<void> done_;
  std::thread thread_;  // the last member: it uses all of the above
};

TEST(NicInfo, IsReadInThePortsNamespace) {
  TapNamespace tap;
  if (!tap.error().empty()) GTEST_SKIP() << "needs root and /dev/net/tun: " << tap.error();
  Port port;
  port.name = "pbtap0";
  port.netns_path = tap.path();
  const Json made = capture_environment({{"generator", port}, {"dut", port}});
  for (std::size_t i = 0; i < 2; ++i) {
    const Json& nic = made["nics"][i];
    const std::string path = "nics." + std::to_string(i) + ".";
    EXPECT_EQ(nic["role"], i == 0 ? "generator" : "dut");
    EXPECT_EQ(nic["name"], "pbtap0");
    EXPECT_EQ(nic["driver"], "tun");
    EXPECT_EQ(nic["bus_info"], "tap");
    EXPECT_EQ(nic["mac"].get<std::string>().size(), 17u);
    EXPECT_EQ(nic["mtu"], 1500);
    EXPECT_TRUE(nic["speed_mbps"].is_number()) << nic["speed_mbps"];
    EXPECT_TRUE(nic["offloads"]["rx-gro"].is_boolean());
    EXPECT_TRUE(nic["firmware"].is_null());
    EXPECT_EQ(made["missing"][path + "firmware"], "the driver does not tell a firmware version");
    EXPECT_TRUE(nic["rings"].is_null());
    EXPECT_EQ(made["missing"][path + "rings"], "the driver of pbtap0 does not tell its ring sizes");
  }

  // And the caller is back where it was.
  port.netns_path.clear();
  EXPECT_TRUE(capture_environment({{"dut", port}})["nics"][0]["driver"].is_null());
}

}  // namespace
}  // namespace pktbench
