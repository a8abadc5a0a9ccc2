// Beside what others have attached, and what the modes say.
#include <sys/wait.h>

#include <cstring>

#include "backends/kernel/kernel_test_util.hpp"

namespace pktbench::backends {

using namespace kernel_test;

namespace {

using TcDropBeside = RootTest;
using NftDropBeside = RootTest;
using KernelModes = RootTest;

void add_filter(const TestVeth& veth, const std::string& direction, int priority) {
  ASSERT_EQ(say(veth, "tc filter add dev " + veth.dut().name + " " + direction + " prio " +
                          std::to_string(priority) + " protocol all u32 match u32 0 0 flowid 1:1"),
            "");
}

std::string filters(const TestVeth& veth) {
  return say(veth,
             "for d in ingress egress; do tc filter show dev " + veth.dut().name + " $d; done");
}

TEST_F(TcDropBeside, AFilterThatWasThereIsPassedByAndLeftAlone) {
  const TestVeth veth;
  ASSERT_EQ(say(veth, "tc qdisc add dev " + veth.dut().name + " clsact"), "");
  add_filter(veth, "ingress", 10);
  const auto before = attached(veth);
  for (const char* hook : {"auto", "clsact"}) {
    const auto sink = tc_drop_backend().make();
    need(sink->start(tc_of(veth, hook)));
    send_frames(veth, 50);
    EXPECT_EQ(drained(*sink, 50).packets, 50u);
    sink->stop();
    EXPECT_EQ(attached(veth), before);
  }
}

TEST_F(TcDropBeside, AFilterOfTheFirstPriorityIsNotReplaced) {
  const TestVeth veth;
  ASSERT_EQ(say(veth, "tc qdisc add dev " + veth.dut().name + " clsact"), "");
  add_filter(veth, "ingress", 1);
  const auto before = attached(veth);
  const auto sink = tc_drop_backend().make();
  const auto refused = sink->start(tc_of(veth, "clsact"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused) << refused.error().message;
  EXPECT_NE(refused.error().message.find("somebody else's"), std::string::npos);
  EXPECT_EQ(attached(veth), before);
}

TEST_F(TcDropBeside, AFilterThatCameLaterKeepsTheQdisc) {
  for (const char* direction : {"ingress", "egress"}) {
    const TestVeth veth;
    const auto sink = tc_drop_backend().make();
    need(sink->start(tc_of(veth, "clsact")));
    add_filter(veth, direction, 10);
    sink->stop();
    EXPECT_NE(filters(veth).find("pref 10 u32"), std::string::npos) << filters(veth);
    EXPECT_EQ(filters(veth).find("bpf"), std::string::npos) << filters(veth);
  }
}

TEST_F(TcDropBeside, ATcxProgramThatWasThereIsPassedByAndLeftAlone) {
  const TestVeth veth;
  if (tcx_programs(veth) < 0) GTEST_SKIP() << "this kernel has no tcx";
  const auto first = tc_drop_backend().make();
  const auto second = tc_drop_backend().make();
  need(first->start(tc_of(veth, "tcx")));
  need(second->start(tc_of(veth, "tcx")));
  send_frames(veth, 50);
  EXPECT_EQ(drained(*second, 50).packets, 50u);
  EXPECT_EQ(need(first->sample()).packets, 0u);

  // Behind it, clsact would see nothing.
  const auto refused = tc_drop_backend().make()->start(tc_of(veth, "clsact"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::refused);
  EXPECT_EQ(say(veth, "tc qdisc show dev " + veth.dut().name + " | grep clsact"), "");

  second->stop();
  EXPECT_EQ(tcx_programs(veth), 1);
  send_frames(veth, 20);
  EXPECT_EQ(drained(*first, 20).packets, 20u);
  first->stop();
  EXPECT_EQ(tcx_programs(veth), 0);
}

TEST_F(TcDropBeside, TcxGoesWithAProcessThatDies) {
  const TestVeth veth;
  if (tcx_programs(veth) < 0) GTEST_SKIP() << "this kernel has no tcx";
  const pid_t child = fork();
  if (child == 0) {
    const auto sink = tc_drop_backend().make();
    const bool started = sink->start(tc_of(veth, "tcx")).ok();
    _exit(started && tcx_programs(veth) == 1 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  // The kernel lets go of the program a moment after the process.
  for (int i = 0; i < 5000 && tcx_programs(veth) != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(tcx_programs(veth), 0);
}

TEST_F(NftDropBeside, ATableThatWasThereIsLeftAlone) {
  if (const auto reason = nft_drop_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  const TestVeth veth;
  ASSERT_EQ(say(veth,
                "nft 'add table ip pktbench_mine; add chain ip pktbench_mine c { type filter hook "
                "prerouting priority -200; }; add rule ip pktbench_mine c udp dport 9 counter'"),
            "");
  const auto before = attached(veth);
  const auto first = nft_drop_backend().make();
  const auto second = nft_drop_backend().make();
  need(first->start(backend_of(veth.dut(), nft_drop_backend())));
  send_frames(veth, 50);
  EXPECT_EQ(drained(*first, 50).packets, 50u);
  EXPECT_TRUE(second->start(backend_of(veth.dut(), nft_drop_backend())));
  second->stop();
  first->stop();
  EXPECT_EQ(attached(veth), before);
  EXPECT_NE(before.find("counter packets 0"), std::string::npos) << before;
}

TEST_F(NftDropBeside, OnlyTheTestFramesArePickedOut) {
  if (const auto reason = nft_drop_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  const TestVeth veth;
  const auto sink = nft_drop_backend().make();
  need(sink->start(backend_of(veth.dut(), nft_drop_backend())));
  {
    const auto inside = need(sys::NetnsScope::enter(veth.generator().netns_path));
    need(kernel::run_command({"/bin/bash", "-c", "echo hi > /dev/udp/198.18.1.1/10"}));
  }
  send_frames(veth, 10);
  EXPECT_EQ(drained(*sink, 10).packets, 10u);
}

TEST_F(NftDropBeside, ATableTakenAwayIsAnErrorAndNoZero) {
  if (const auto reason = nft_drop_backend().probe(); !reason.empty()) GTEST_SKIP() << reason;
  const TestVeth veth;
  const auto sink = nft_drop_backend().make();
  need(sink->start(backend_of(veth.dut(), nft_drop_backend())));
  ASSERT_EQ(say(veth, "nft flush ruleset"), "");
  EXPECT_FALSE(sink->sample());
}

TEST_F(KernelModes, SayWhatIsAttached) {
  const TestVeth veth;
  auto sink = tc_drop_backend().make();
  EXPECT_EQ(need(sink->start(tc_of(veth, "auto"))).details.at("hook"),
            tcx_programs(veth) < 0 ? "clsact" : "tcx");
  sink->stop();
  EXPECT_EQ(need(sink->start(tc_of(veth, "clsact"))).details.at("hook"), "clsact");
  sink->stop();
  if (nft_drop_backend().probe().empty()) {
    sink = nft_drop_backend().make();
    const auto mode = need(sink->start(backend_of(veth.dut(), nft_drop_backend())));
    EXPECT_EQ(mode.details.at("hook"), "ip prerouting");
    EXPECT_EQ(mode.details.at("priority"), "-300");
    EXPECT_NE(say(veth, "nft list ruleset").find(mode.details.at("table")), std::string::npos);
    sink->stop();
  }
  if (kprobe_count_backend().probe().empty()) {
    sink = kprobe_count_backend().make();
    auto config = backend_of(veth.dut(), kprobe_count_backend());
    config.options["probe"] = std::string("tracepoint");
    auto mode = need(sink->start(config));
    EXPECT_EQ(mode.details.at("probe"), "tracepoint");
    EXPECT_EQ(mode.details.at("place"), "netif_receive_skb");
    config.options["probe"] = std::string("fentry");
    if (const auto fentry = sink->start(config)) {
      EXPECT_EQ(fentry->details.at("probe"), "fentry");
      EXPECT_EQ(fentry->details.at("place"), "ip_rcv_core");
    } else {
      EXPECT_EQ(fentry.error().code, ErrorCode::unsupported) << fentry.error().message;
      EXPECT_NE(fentry.error().message.find("fentry ip_rcv_core"), std::string::npos);
      EXPECT_FALSE(sink->sample());
    }
  }
}

TEST_F(KernelModes, OffloadIsUnsupportedWithTheDriversReason) {
  const TestVeth veth;
  EXPECT_EQ(xdp_offload_backend().probe(), "");
  const auto files = entries("/proc/self/fd");
  const auto sink = xdp_offload_backend().make();
  for (int i = 0; i < 50; ++i) {
    const auto mode = sink->start(backend_of(veth.dut(), xdp_offload_backend()));
    ASSERT_FALSE(mode);
    EXPECT_EQ(mode.error().code, ErrorCode::unsupported) << mode.error().message;
    EXPECT_NE(mode.error().sys_errno, 0);
    for (const char* part : {"veth", "driver", strerrordesc_np(mode.error().sys_errno)})
      EXPECT_NE(mode.error().message.find(part), std::string::npos) << mode.error().message;
    if (i == 0) RecordProperty("refusal", mode.error().message);
  }
  EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
  EXPECT_FALSE(sink->sample());
  EXPECT_EQ(entries("/proc/self/fd"), files);
}

}  // namespace
}  // namespace pktbench::backends
