#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "backends/backend_types.hpp"
#include "bpf/rejected.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testing/need_root.hpp"

namespace pktbench::backends {
namespace {

// A namespace with a device whose driver has no native XDP.
class WithoutNativeXdp : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
    name_ = "pktbench-xdptest-" + std::to_string(getpid());
    ASSERT_TRUE(sys::create_netns(name_));
    const std::string make = "ip -n " + name_ + " link add pbifb type ifb 2>/dev/null";
    if (std::system(make.c_str()) != 0) GTEST_SKIP() << "this kernel has no ifb device";
    auto inside = sys::NetnsScope::enter(sys::netns_path(name_));
    ASSERT_TRUE(inside);
    auto link = sys::get_link("pbifb");
    ASSERT_TRUE(link);
    config_.port.name = "pbifb";
    config_.port.ifindex = link->ifindex;
    config_.port.netns_path = sys::netns_path(name_);
    config_.workload = "drop";
  }
  void TearDown() override {
    if (name_.empty()) return;
    EXPECT_TRUE(sys::delete_netns(name_));
  }

  std::string name_;
  BackendConfig config_;
};

TEST_F(WithoutNativeXdp, NativeIsUnsupportedWithTheReasonAndNothingIsAttached) {
  config_.options = {{"fallback", false}};
  auto backend = xdp_native_backend().make();
  auto mode = backend->start(config_);
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
  EXPECT_NE(mode.error().message.find("no native XDP"), std::string::npos);
  auto inside = sys::NetnsScope::enter(config_.port.netns_path);
  ASSERT_TRUE(inside);
  EXPECT_EQ(sys::get_link("pbifb")->xdp_program_id, 0u);
}

TEST_F(WithoutNativeXdp, AFallbackThatIsAllowedShowsTheModeItReallyIs) {
  config_.options = {{"fallback", true}};
  auto backend = xdp_native_backend().make();
  auto mode = backend->start(config_);
  ASSERT_TRUE(mode) << mode.error().message;
  EXPECT_EQ(mode->requested, "xdp-native");
  EXPECT_EQ(mode->effective, "xdp-generic");
}

TEST_F(WithoutNativeXdp, GenericWorks) {
  auto backend = xdp_generic_backend().make();
  auto mode = backend->start(config_);
  ASSERT_TRUE(mode) << mode.error().message;
  EXPECT_EQ(mode->effective, "xdp-generic");
  auto counters = backend->sample();
  ASSERT_TRUE(counters);
  EXPECT_EQ(counters->packets, 0u);
}

TEST(VerifierLog, IsInTheErrorOfAProgramThatIsRefused) {
  NEED_ROOT();
  sys::LibbpfLog log;
  sys::SkeletonPtr<rejected, rejected__destroy> skeleton(rejected__open());
  ASSERT_TRUE(skeleton);
  const int error = rejected__load(skeleton.get());
  ASSERT_LT(error, 0);
  const Error e = log.failure("load the test program", -error);
  EXPECT_NE(e.message.find("load the test program"), std::string::npos);
  EXPECT_NE(e.detail.find("invalid access to packet"), std::string::npos) << e.detail;
}

}  // namespace
}  // namespace pktbench::backends
