// The same packets through the kernel's programs (BPF_PROG_TEST_RUN) and through user space's
// functors: the same verdicts, the same counts, the same bytes.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "backends/common/test_packets.hpp"
#include "backends/common/workload.hpp"
#include "backends/xdp/xdp_program.hpp"
#include "harness/testing/need_root.hpp"

namespace pktbench::backends {
namespace {

using testing::End;
using testing::frame4;
using testing::kClient;
using testing::kServer;
using testing::kUdp;
using testing::Packet;
using testing::TestPackets;
using Details = std::map<std::string, std::uint64_t>;

constexpr std::size_t kShortest = 14;  // of what the kernel lets an XDP program see

int action_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return XDP_PASS;
    case Verdict::reflect:
      return XDP_TX;
    case Verdict::forward:
      return XDP_REDIRECT;
    case Verdict::drop:
      break;
  }
  return XDP_DROP;
}

class Differential : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    NEED_ROOT();
    XdpProgramOptions options;
    state_ = std::make_shared<WorkloadState>(GetParam());
    if (workload_of(GetParam()).forwards) {
      // A test run redirects nothing.
      Hop& hop = options.hop.emplace();
      hop.out.ifindex = 1;
      hop.out.mac = {2, 0, 0, 0, 0, 8};
      hop.next = {2, 0, 0, 0, 0, 9};
      state_->hop() = header_of(*options.hop);
    }
    auto program = XdpProgram::load(GetParam(), options);
    ASSERT_TRUE(program) << program.error().message << "\n" << program.error().detail;
    program_ = std::move(*program);
  }

  // The kernel's action, or a negative errno; `packet` becomes what the program made of it.
  int in_kernel(Packet& packet) {
    Packet out(packet.size() + 64);
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet.data(), .data_out = out.data(),
                .data_size_in = static_cast<__u32>(packet.size()),
                .data_size_out = static_cast<__u32>(out.size()), .repeat = 1);
    if (const int error = bpf_prog_test_run_opts(program_->fd(), &options); error) return error;
    out.resize(options.data_size_out);
    packet = std::move(out);
    return static_cast<int>(options.retval);
  }

  // Queue 0: the loopback device's, which a test run has.
  pb_queue_counters kernel_counters() {
    auto c = program_->counters(0);
    EXPECT_TRUE(c);
    return c ? *c : pb_queue_counters{};
  }
  Details kernel_details() {
    const pb_queue_counters c = kernel_counters();
    return workload_details(workload_of(GetParam()), c.outcomes, c.addresses);
  }

  std::optional<XdpProgram> program_;
  std::shared_ptr<WorkloadState> state_;
};

TEST_P(Differential, KernelAndUserSpaceAgreeOnEveryPacket) {
  std::uint64_t packets = 0, bytes = 0;
  const auto done = with_workload(GetParam(), state_, [&](auto workload) -> Result<void> {
    const auto corpus = TestPackets().corpus();
    for (const Packet& packet : corpus) {
      if (packet.size() < kShortest) continue;
      Packet kernel = packet, user = packet;
      const int action = in_kernel(kernel);
      const Verdict verdict = workload(user.data(), static_cast<std::uint32_t>(user.size()));
      packets += 1;
      bytes += packet.size();
      if (action != action_of(verdict) || kernel != user || kernel_details() != state_->details()) {
        ADD_FAILURE() << "packet " << packets << " of " << packet.size() << " bytes: kernel "
                      << action << ", user space " << action_of(verdict) << ", bytes "
                      << (kernel == user ? "equal" : "differ") << "\nthe packet "
                      << ::testing::PrintToString(packet) << "\nkernel "
                      << ::testing::PrintToString(kernel_details()) << "\nuser space "
                      << ::testing::PrintToString(state_->details());
        return make_error(ErrorCode::failed, "they differ");
      }
    }
    return {};
  });
  EXPECT_TRUE(done);
  EXPECT_GT(packets, 4000u);
  EXPECT_EQ(kernel_counters().packets, packets);
  EXPECT_EQ(kernel_counters().bytes, bytes);
}

// What both are to make of it is written down, so that they cannot be wrong together.
TEST_P(Differential, TheKernelMakesOfEachPacketWhatWasWrittenDownForIt) {
  const std::string& workload = GetParam();
  const TestPackets packets;
  for (const auto& p : packets.all()) {
    SCOPED_TRACE(p.name);
    pb_outcome expected = PB_OUTCOMES;
    if (workload == "parse") expected = p.parse;
    if (workload == "count-per-ip") expected = p.source;
    if (workload == "filter") expected = p.filter;
    if (workload == "reflect") expected = p.reflect;
    if (workload == "forward") expected = p.forward();
    if (workload == "pass" || workload == "flip") expected = PB_PASSED;
    pb_queue_counters before = kernel_counters();
    Packet packet = p.bytes;
    EXPECT_EQ(in_kernel(packet), action_of(verdict_of(expected)));
    const pb_queue_counters after = kernel_counters();
    EXPECT_EQ(after.packets, before.packets + 1);
    EXPECT_EQ(after.bytes, before.bytes + p.bytes.size());
    for (int i = 0; i < PB_OUTCOMES; ++i)
      EXPECT_EQ(after.outcomes[i] - before.outcomes[i], i == expected ? 1u : 0u) << "outcome " << i;
  }
}

// The trial ends at the sample that has the last packet.
TEST_P(Differential, NothingOfACountedPacketIsMissingBesideIt) {
  constexpr int kRounds = 1 << 20;
  constexpr int kLooks = 100;  // others may have the CPU of the one that looks
  Packet packet = frame4(kClient, kServer, kUdp, 18);
  const bool decides = !kernel_details().empty();
  std::atomic<int> looks{0};
  std::atomic<bool> done{false};
  std::uint64_t sent = 0;
  std::jthread traffic([&] {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet.data(),
                .data_size_in = static_cast<__u32>(packet.size()), .repeat = kRounds);
    do {
      EXPECT_EQ(bpf_prog_test_run_opts(program_->fd(), &options), 0);
      sent += kRounds;
    } while (looks < kLooks && !HasFailure());
    done = true;
  });
  pb_queue_counters now{};
  while (!done) {
    now = kernel_counters();
    ++looks;
    EXPECT_GE(now.bytes, now.packets * packet.size()) << "look " << looks;
    std::uint64_t outcomes = 0;
    for (const auto n : now.outcomes) outcomes += n;
    EXPECT_GE(decides ? outcomes : now.packets, now.packets) << "look " << looks;
    if (HasFailure()) break;
  }
  traffic.join();
  now = kernel_counters();
  EXPECT_EQ(now.packets, sent);
  EXPECT_EQ(now.bytes, sent * packet.size());
}

INSTANTIATE_TEST_SUITE_P(All, Differential, ::testing::ValuesIn(workload_names()),
                         [](const auto& i) {
                           std::string name = i.param;
                           std::erase(name, '-');
                           return name;
                         });

class KernelFilter : public Differential {};
class KernelCountPerIp : public Differential {};

TEST_P(KernelFilter, FollowsChangesOfTheSet) {
  End to = kServer;
  const auto action = [&](int port) {
    to.port = static_cast<std::uint16_t>(port);
    Packet packet = frame4(kClient, to, kUdp);
    return in_kernel(packet);
  };
  EXPECT_EQ(action(PB_UDP_PORT), XDP_DROP);
  for (int port : {0, 1, 63, 64, 53, 0x8000, 65535}) {
    EXPECT_EQ(action(port), XDP_PASS) << port;
    program_->ports()->set(static_cast<std::uint16_t>(port), true);
    EXPECT_EQ(action(port), XDP_DROP) << port;
    EXPECT_EQ(action(port ^ 1), XDP_PASS) << port;
    program_->ports()->set(static_cast<std::uint16_t>(port), false);
    EXPECT_EQ(action(port), XDP_PASS) << port;
  }
}

INSTANTIATE_TEST_SUITE_P(Kernel, KernelFilter, ::testing::Values("filter"));

TEST_P(KernelCountPerIp, AFullTableIsCountedAsInUserSpace) {
  End from = kClient;
  const auto send = [&](std::uint32_t n) {
    for (std::size_t i = 0; i < 4; ++i)
      from.v4[i] = static_cast<std::uint8_t>((0x0a000000 + n * 7) >> (24 - 8 * i));
    Packet packet = frame4(from, kServer, kUdp, 18);
    ASSERT_EQ(in_kernel(packet), XDP_DROP);
  };
  for (std::uint32_t n = 0; n < PB_MAX_ADDRESSES + 10; ++n) send(n);
  for (std::uint32_t n = 0; n < 5; ++n) send(n);
  const Details expected = {{"counted", PB_MAX_ADDRESSES + 5},
                            {"addresses", PB_MAX_ADDRESSES},
                            {"table_full", 10},
                            {"malformed", 0},
                            {"other", 0}};
  EXPECT_EQ(kernel_details(), expected);
}

INSTANTIATE_TEST_SUITE_P(Kernel, KernelCountPerIp, ::testing::Values("count-per-ip"));

}  // namespace
}  // namespace pktbench::backends
