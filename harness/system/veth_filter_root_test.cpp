// The workload `filter` on the veth testbed: exactly the frames to the given ports are taken out.
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "backends/common/workload_state.hpp"
#include "harness/core/units.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"
#include "harness/system/veth_fixture.hpp"
#include "harness/traffic/frame.hpp"

namespace pktbench::cli {
namespace {

constexpr std::uint32_t kFilterTag = 0xf117;

class VethFilter : public VethBackendFixture {
 protected:
  void SetUp() override {
    VethBackendFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    bring_up();
    if (!HasFatalFailure()) open_sender();
  }
  void TearDown() override {
    if (backend_) backend_->stop();
    VethFixture::TearDown();
  }

  void open_sender() {
    const Port& from = testbed_->generator().port();
    auto inside = sys::NetnsScope::enter(from.netns_path);
    ASSERT_TRUE(inside);
    sender_ = sys::Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(from.ifindex);
    ASSERT_EQ(bind(sender_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  void start(BackendConfig config) {
    config.port = testbed_->dut().port();
    config.workload = "filter";
    config.trial_tag = kFilterTag;
    config.options = testing::default_options(type_->options);
    backend_ = type_->make();
    auto mode = backend_->start(config);
    ASSERT_TRUE(mode) << mode.error().message << "\n" << mode.error().detail;
    ASSERT_TRUE(testbed_->dut().settle(!backend_->threads().empty()));
    sent_ = 0;
  }

  // Test frames to any port; all of them are received when it returns.
  void send(std::uint16_t port, unsigned frames) {
    auto frame = traffic::build_frame(
        {testbed_->generator().port(), testbed_->dut().port(), {64, 1}, kFilterTag, {}});
    ASSERT_TRUE(frame);
    frame->bytes[PB_OFF_DPORT] = static_cast<std::uint8_t>(port >> 8);
    frame->bytes[PB_OFF_DPORT + 1] = static_cast<std::uint8_t>(port);
    for (unsigned i = 0; i < frames; ++i)
      ASSERT_EQ(::send(sender_.get(), frame->bytes.data(), frame->bytes.size(), 0),
                static_cast<ssize_t>(frame->bytes.size()));
    sent_ += frames;
    // A busy host may leave a NAPI thread waiting for seconds.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (counters().packets < sent_ && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_EQ(counters().packets, sent_);
  }

  Counters counters() {
    auto c = backend_->sample();
    EXPECT_TRUE(c);
    return c ? *c : Counters{};
  }

  std::unique_ptr<Backend> backend_;
  sys::Fd sender_;
  std::uint64_t sent_ = 0;
};

using Details = std::map<std::string, std::uint64_t>;

TEST_P(VethFilter, TakesOutItsPortsAndNoOthers) {
  BackendConfig config;
  config.filter_ports = {0, 53, 4789, 65535};
  ASSERT_NO_FATAL_FAILURE(start(config));
  unsigned frames = 10;
  Details expected = {{"filtered", 0}, {"passed", 0}};
  // Neighbours in a word of the set, the same bit in other words, both ends.
  for (const int port :
       {0, 1, 9, 52, 53, 54, 53 + 64, 63, 64, 4788, 4789, 4789 - 64, 65534, 65535}) {
    SCOPED_TRACE(port);
    const bool in = port == 0 || port == 53 || port == 4789 || port == 65535;
    ASSERT_NO_FATAL_FAILURE(send(static_cast<std::uint16_t>(port), ++frames));
    expected[in ? "filtered" : "passed"] += frames;
    ASSERT_EQ(counters().details, expected);
  }
}

TEST_P(VethFilter, TakesOutTheTestFramesWhereNothingElseIsSaid) {
  ASSERT_NO_FATAL_FAILURE(start({}));
  ASSERT_NO_FATAL_FAILURE(send(kTestUdpPort, 30));
  ASSERT_NO_FATAL_FAILURE(send(kTestUdpPort + 1, 20));
  EXPECT_EQ(counters().details, (Details{{"filtered", 30}, {"passed", 20}}));
}

TEST_P(VethFilter, CanBeChangedWhileItRuns) {
  BackendConfig config;
  config.filter_ports = {53};
  ASSERT_NO_FATAL_FAILURE(start(config));
  auto* control = dynamic_cast<backends::FilterControl*>(backend_.get());
  ASSERT_NE(control, nullptr);
  ASSERT_NO_FATAL_FAILURE(send(53, 10));
  ASSERT_NO_FATAL_FAILURE(send(54, 20));
  ASSERT_TRUE(control->set_filtered(53, false));
  ASSERT_TRUE(control->set_filtered(54, true));
  ASSERT_NO_FATAL_FAILURE(send(53, 40));
  ASSERT_NO_FATAL_FAILURE(send(54, 80));
  EXPECT_EQ(counters().details, (Details{{"filtered", 90}, {"passed", 60}}));
}

INSTANTIATE_TEST_SUITE_P(Backends, VethFilter,
                         ::testing::Values("xdp-native", "xdp-generic", "af_xdp", "packet-mmap",
                                           "dpdk"),
                         backend_name);

}  // namespace
}  // namespace pktbench::cli
