// Frames that a workload sends back leave by the queue they came from, and their buffers return.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "backends/af_xdp/receive_loop.hpp"
#include "backends/af_xdp/redirect_program.hpp"
#include "backends/af_xdp/xsk_queue.hpp"
#include "backends/backend_types.hpp"
#include "backends/common/poll_thread.hpp"
#include "harness/sys/netns.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/test_veth.hpp"
#include "harness/traffic/generators.hpp"

namespace pktbench::af_xdp {
namespace {

using backends::PollThread;
using backends::Verdict;
using testing::need;
using testing::TestVeth;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kFrames = 64;  // of the UMEM: one that does not return is missed

// Swaps the addresses of the Ethernet header; drops one frame in `drop_one_in`.
struct SendBack {
  unsigned drop_one_in = 0;
  unsigned seen = 0;

  Verdict operator()(std::uint8_t* frame, std::uint32_t) {
    if (drop_one_in && ++seen % drop_one_in == 0) return Verdict::drop;
    std::swap_ranges(frame, frame + 6, frame + 6);
    return Verdict::reflect;
  }
};

// The backend's parts with a workload of the test's own.
class SendingBack {
 public:
  SendingBack(const Port& port, bool generic, std::uint32_t frames, Idle idle, SendBack workload)
      : program_(attach(port, generic)) {
    const auto inside = need(sys::NetnsScope::enter(port.netns_path));
    XskConfig config;
    config.device = port.name;
    config.umem_frames = frames;
    config.transmit = true;
    queue_ = need(XskQueue::open(config));
    need(program_.enter(0, queue_->fd()));
    need(thread_.start(port, port.cpus.front(), [this, idle, workload](PollThread& thread) {
      return receive_loop(*queue_, workload, idle, 64, thread);
    }));
  }
  ~SendingBack() {
    thread_.stop();
    EXPECT_EQ(thread_.error(), 0);
  }

  std::uint64_t received() const { return thread_.counters().packets.load(); }
  std::uint32_t free_frames() const { return queue_->free_frames(); }
  std::uint64_t dropped() const { return need(queue_->drops()).sum(); }

 private:
  static RedirectProgram attach(const Port& port, bool generic) {
    const auto inside = need(sys::NetnsScope::enter(port.netns_path));
    return need(RedirectProgram::attach(port, generic));
  }

  RedirectProgram program_;
  std::unique_ptr<XskQueue> queue_;
  PollThread thread_;
};

class Reflect : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    NEED_ROOT();
    if (const auto reason = backends::af_xdp_backend().probe(); !reason.empty())
      GTEST_SKIP() << reason;
  }
};

template <class Reached>
bool wait_until(Reached reached) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (!reached() && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  return reached();
}

std::unique_ptr<TrafficSource> start_source(const TestVeth& veth, const GeneratorType& type) {
  auto source = type.make();
  need(source->start(
      {veth.generator(), veth.dut(), {64, 1}, 1, testing::default_options(type.options)}));
  return source;
}

TEST_P(Reflect, EveryFrameComesBackAndSoDoesEveryBuffer) {
  for (const bool block : {true, false}) {
    const TestVeth veth;
    SendingBack backend(veth.dut(), GetParam(), kFrames, {.block = block}, SendBack{4});
    const auto source = start_source(veth, traffic::generator("packet-sendmmsg"));
    const auto before = veth.generator_link().rx_packets;
    for (std::uint64_t sent = 40; sent <= 4000; sent += 40) {
      source->open(40);
      ASSERT_TRUE(wait_until([&] { return source->finished(); }));
      need(source->close());
      ASSERT_TRUE(wait_until([&] { return backend.received() == sent; })) << backend.received();
      ASSERT_TRUE(wait_until([&] { return backend.free_frames() == kFrames; }));
      ASSERT_EQ(veth.generator_link().rx_packets - before, sent / 4 * 3);
    }
    EXPECT_EQ(backend.dropped(), 0u);
  }
}

TEST_P(Reflect, AFloodLosesNoBuffer) {
  const TestVeth veth;
  SendingBack backend(veth.dut(), GetParam(), kFrames, {}, SendBack{});
  for (const auto& type : {traffic::generator("xdp-live"), traffic::generator("packet-sendmmsg")}) {
    const auto source = start_source(veth, type);
    source->open();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    need(source->close());
    source->stop();
  }
  EXPECT_TRUE(wait_until([&] { return backend.free_frames() == kFrames; }));
  EXPECT_GT(backend.received(), kFrames);
}

INSTANTIATE_TEST_SUITE_P(Hooks, Reflect, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& i) {
                           return i.param ? "Generic" : "Native";
                         });

}  // namespace
}  // namespace pktbench::af_xdp
