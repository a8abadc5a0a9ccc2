// The dpdk backend behind a veth pair: every frame sent is received or dropped at a named place.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

#include "backends/dpdk/dpdk_test_util.hpp"
#include "backends/dpdk/helper_process.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench::backends {

namespace {

class Dpdk : public DpdkRoot, public ::testing::WithParamInterface<std::string> {};

// In bursts that every ring on the way holds, so that none may be lost on a busy machine.
void send_and_count(const TestVeth& veth, const GeneratorType& type, Backend& sink,
                    const BackendConfig& config, TrafficSpec spec) {
  SCOPED_TRACE(type.name + ", " + std::to_string(spec.frame_size) + " B, " +
               std::to_string(spec.flows) + " flows");
  constexpr std::uint64_t kFrames = 2000;
  constexpr std::uint64_t kBurst = 100;
  started(sink, config);
  const auto source = type.make();
  need(source->start(traffic_of(veth, type, spec)));
  for (std::uint64_t sent = kBurst; sent <= kFrames; sent += kBurst) {
    send_exactly(*source, kBurst);
    const auto got = drained(sink, sent);
    const auto device = device_drops(veth);
    ASSERT_EQ(got.packets, sent) << places(got.drops) << device.ring_full
                                 << " at the device's ring, " << device.receiving << " behind it";
  }
  const auto sent = need(source->sample());
  const auto got = need(sink.sample());
  EXPECT_EQ(sent.packets, kFrames);
  EXPECT_EQ(got.packets, kFrames);
  EXPECT_EQ(got.per_queue, std::vector<std::uint64_t>{kFrames});
  EXPECT_EQ(got.bytes, sent.bytes);
  EXPECT_EQ(got.foreign, 0u);
  EXPECT_EQ(sum(got.drops), 0u);
  source->stop();
  sink.stop();
}

TEST_P(Dpdk, WhatIsSentIsReceived) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  for (const char* from : {"packet-sendmmsg", "xdp-live"})
    for (std::uint32_t size : {64u, 512u, 1518u})
      for (std::uint32_t flows : {1u, 1000u})
        send_and_count(veth, generator(from), *sink, backend_of(veth, GetParam()), {size, flows});
  send_and_count(veth, generator("packet-sendmmsg"), *sink, backend_of(veth, GetParam(), "touch"),
                 {64, 1});
}

// Two queues polled by one lcore have a record each.
TEST_P(Dpdk, EveryStampedFrameHasItsDelayOnItsQueue) {
  const bool queues = GetParam() == "net_af_xdp";
  const TestVeth veth(queues ? 2 : 1);
  constexpr std::uint64_t kFrames = 2000;
  for (const std::uint32_t ip : {4u, 6u}) {
    SCOPED_TRACE("IPv" + std::to_string(ip));
    const auto sink = dpdk_backend().make();
    BackendConfig config = backend_of(veth, GetParam());
    config.traffic = {84, 100, "", ip};
    config.stamped = true;
    started(*sink, config);
    const auto type = generator("packet-sendmmsg");
    const auto source = type.make();
    TrafficConfig traffic = traffic_of(veth, type, config.traffic);
    traffic.stamped = true;
    need(source->start(traffic));
    send_exactly(*source, kFrames, 20'000);
    const Counters got = drained(*sink, kFrames);
    const auto delays = need(dynamic_cast<DelayRecorder&>(*sink).delays());
    ASSERT_EQ(delays.size(), got.per_queue.size());
    for (std::size_t q = 0; q < delays.size(); ++q) {
      const auto& buckets = delays[q].buckets;
      EXPECT_EQ(std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}),
                got.per_queue[q]);
      EXPECT_EQ(delays[q].early + delays[q].duplicated + delays[q].reordered, 0u);
    }
    EXPECT_EQ(got.packets + sum(got.drops) + device_drops(veth).sum(), kFrames);
  }
}

// As fast as the generator can, with a small ring so that there are drops.
TEST_P(Dpdk, OverloadIsAccountedForExactly) {
  std::uint64_t dropped = 0;
  for (const char* from : {"packet-sendmmsg", "xdp-live"}) {
    for (bool threaded : {false, true}) {
      const TestVeth veth;
      const auto sink = dpdk_backend().make();
      auto config = backend_of(veth, GetParam());
      config.options["descriptors"] = std::int64_t{64};
      started(*sink, config);
      if (threaded) veth.thread_napi();
      const auto type = generator(from);
      SCOPED_TRACE(type.name + (threaded ? ", threaded" : ""));
      const auto source = type.make();
      need(source->start(traffic_of(veth, type, {64, 5})));
      const auto before = device_drops(veth);
      source->open();
      std::this_thread::sleep_for(milliseconds(400));
      need(source->close());
      const auto sent = need(source->sample()).packets;
      const auto ring_full = [&] { return device_drops(veth).ring_full - before.ring_full; };
      const auto got = drained(*sink, sent - ring_full());
      EXPECT_EQ(got.packets + sum(got.drops) + ring_full(), sent) << places(got.drops);
      const bool af_xdp = GetParam() == "net_af_xdp";
      const std::string place = af_xdp ? "af_xdp_rx_ring_full" : "packet_ring_full";
      EXPECT_EQ(got.drops.at(place), sum(got.drops));
      dropped += sum(got.drops);
      EXPECT_EQ(device_drops(veth).receiving - before.receiving, af_xdp ? sum(got.drops) : 0);
    }
  }
  EXPECT_GT(dropped, 0u);
}

TEST_P(Dpdk, StartAndStopLeaveNothingBehind) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  started(*sink, backend_of(veth, GetParam()));
  sink->stop();
  const char* folders[] = {"/proc/self/fd", "/proc/self/task", "/run",
                           "/run/dpdk",     "/dev/shm",        "/sys/fs/bpf"};
  std::vector<std::ptrdiff_t> before;
  for (const char* folder : folders) before.push_back(entries(folder));
  const std::uint64_t n = rounds(50);
  ASSERT_GT(n, 0u);
  for (std::uint64_t i = 0; i < n; ++i) {
    started(*sink, backend_of(veth, GetParam()));
    const auto threads = sink->threads();
    ASSERT_EQ(threads.size(), 2u);
    sink->stop();
    EXPECT_TRUE(sink->threads().empty());
    EXPECT_EQ(kill(threads.front(), 0), -1) << "the helper is still there";
    EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
  }
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(entries(folders[i]), before[i]) << folders[i];
  EXPECT_FALSE(sink->sample());
  sink->stop();
}

TEST_P(Dpdk, WhatWasObtainedIsReadBack) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  const auto mode = started(*sink, backend_of(veth, GetParam()));
  EXPECT_EQ(mode.requested, "dpdk");
  EXPECT_EQ(mode.effective, "dpdk");
  EXPECT_EQ(mode.details.at("driver"), GetParam());
  EXPECT_EQ(mode.details.at("queues"), "1");
  EXPECT_EQ(mode.details.at("idle"), "spin");  // NAPI is no thread here
  EXPECT_EQ(mode.details.count("spin_us"), 0u);
  if (GetParam() == "net_af_xdp") {
    EXPECT_EQ(mode.details.at("xdp_mode"), "native");
    EXPECT_EQ(mode.details.at("copy_mode"), "copy");  // veth has no zero-copy
  }
  cpu_set_t set;
  for (pid_t tid : sink->threads()) {
    ASSERT_EQ(sched_getaffinity(tid, sizeof set, &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
    EXPECT_TRUE(CPU_ISSET(veth.dut().cpus.front(), &set));
  }
}

// But where NAPI has a thread on its CPU.
TEST_P(Dpdk, ALoopThatSleepsSpinsBeforeAndTheModeSaysHowLong) {
  const auto sink = dpdk_backend().make();
  for (const std::string said : {"20", "0", "0: NAPI runs in threads"}) {
    SCOPED_TRACE(said);
    const TestVeth veth;
    const bool threaded = said.size() > 2;
    if (threaded) veth.thread_napi();
    auto config = backend_of(veth, GetParam());
    if (!threaded) config.options["idle"] = std::string("poll");
    if (said == "0") config.options["spin_us"] = std::int64_t{0};
    const auto mode = started(*sink, config);
    EXPECT_EQ(mode.details.at("idle"), "poll");
    EXPECT_EQ(mode.details.at("spin_us"), said);
    const auto source = generator("packet-sendmmsg").make();
    need(source->start(traffic_of(veth, generator("packet-sendmmsg"), {64, 1})));
    for (std::uint64_t sent = 50; sent <= 500; sent += 50) {
      send_exactly(*source, 50);
      EXPECT_EQ(drained(*sink, sent).packets, sent);
    }
  }
}

// A poll that returned nothing reads the pump's socket.
TEST_P(Dpdk, AnIdleLoopPumps) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
  const sys::Fd ours(ends[0]);
  const sys::Fd pump(ends[1]);
  auto config = backend_of(veth, GetParam());
  config.port.pump_fd = pump.get();
  EXPECT_EQ(started(*sink, config).details.at("idle"), "pump");
  const auto source = generator("packet-sendmmsg").make();
  need(source->start(traffic_of(veth, generator("packet-sendmmsg"), {64, 1})));
  send_exactly(*source, 50);
  EXPECT_EQ(drained(*sink, 50).packets, 50u);
  ASSERT_EQ(send(ours.get(), "x", 1, 0), 1);
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  int unread = 1;
  while (unread != 0 && Clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(1));
    ASSERT_EQ(ioctl(pump.get(), FIONREAD, &unread), 0);
  }
  EXPECT_EQ(unread, 0);
}

// net_af_packet spreads the flows itself, over as many sockets as the port has queues.
TEST_F(DpdkRoot, QueuesAddUp) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  auto config = backend_of(veth, "net_af_packet");
  config.port.queues = 2;
  EXPECT_EQ(started(*sink, config).details.at("queues"), "2");
  const auto source = generator("packet-sendmmsg").make();
  need(source->start(traffic_of(veth, generator("packet-sendmmsg"), {64, 1000})));
  send_exactly(*source, 200);
  const auto got = drained(*sink, 200);
  EXPECT_EQ(got.packets, 200u);
  ASSERT_EQ(got.per_queue.size(), 2u);
  EXPECT_EQ(got.per_queue[0] + got.per_queue[1], 200u);
  EXPECT_GT(got.per_queue[0], 0u);
  EXPECT_GT(got.per_queue[1], 0u);
}

// A helper that was killed could not detach.
TEST_P(Dpdk, AHelperThatDiesIsAnErrorAndIsCleanedUpAfter) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  started(*sink, backend_of(veth, GetParam()));
  const pid_t helper = sink->threads().front();
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ASSERT_EQ(kill(helper, signal), 0);
  EXPECT_TRUE(sink->sample()) << "what the terminal sends to the group is the parent's business";
  ASSERT_EQ(kill(helper, SIGKILL), 0);
  const auto counters = sink->sample();
  ASSERT_FALSE(counters);
  EXPECT_EQ(counters.error().code, ErrorCode::failed);
  sink->stop();
  EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
  started(*sink, backend_of(veth, GetParam()));
}

TEST_P(Dpdk, WhatCannotBeStartedLeavesNothing) {
  const TestVeth veth;
  const auto sink = dpdk_backend().make();
  const auto files = entries("/proc/self/fd");
  auto config = backend_of(veth, GetParam());
  config.port.name = "none0";
  const auto mode = sink->start(config);
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::failed) << mode.error().message;
  EXPECT_NE(mode.error().message, "");
  config = backend_of(veth, GetParam());
  config.port.queues = 2;  // the device has one
  const auto two = sink->start(config);
  EXPECT_EQ(two.ok(), GetParam() == "net_af_packet");
  if (!two) {
    EXPECT_EQ(two.error().code, ErrorCode::unsupported) << two.error().message;
  }
  sink->stop();
  EXPECT_EQ(entries("/proc/self/fd"), files);
  EXPECT_EQ(veth.dut_link().xdp_program_id, 0u);
  started(*sink, backend_of(veth, GetParam()));
}

TEST_F(DpdkRoot, ADeviceWithoutNativeXdpIsUnsupported) {
  const TestVeth veth;
  auto config = backend_of(veth, "net_af_xdp");
  config.port.name = "lo";
  const auto mode = dpdk_backend().make()->start(config);
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported) << mode.error().detail;
  EXPECT_NE(mode.error().message.find("native XDP"), std::string::npos) << mode.error().message;
  const auto inside = need(sys::NetnsScope::enter(veth.dut().netns_path));
  EXPECT_EQ(need(sys::get_link("lo")).xdp_program_id, 0u);
}

// The host may have no such device to try; the helper is asked for one that cannot be.
TEST_F(DpdkRoot, APciDeviceThatIsNotThereIsUnsupported) {
  dpdk::Setup setup;
  setup.parent = getpid();
  dpdk::put(setup.driver, "ffff:ff:1f.7");
  dpdk::put(setup.device, "none");
  dpdk::put(setup.workload, "drop");
  setup.burst = 32;
  setup.descriptors = 1024;
  setup.memory_mb = 144;
  setup.cpus[0] = sys::allowed_cpus().back();
  dpdk::HelperProcess helper;
  dpdk::Ready ready;
  const auto started = helper.start(*dpdk::find_helper(), setup, {}, ready);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::unsupported) << started.error().detail;
  EXPECT_NE(started.error().message.find("ffff:ff:1f.7"), std::string::npos);
  EXPECT_FALSE(ready.eal_failed);
  EXPECT_FALSE(helper.running());
}

TEST_F(DpdkRoot, AForeignXdpProgramIsNotReplaced) {
  const TestVeth veth;
  const auto first = dpdk_backend().make();
  started(*first, backend_of(veth, "net_af_xdp"));
  const auto program = veth.dut_link().xdp_program_id;
  EXPECT_NE(program, 0u);
  {
    const auto second = dpdk_backend().make();
    const auto mode = second->start(backend_of(veth, "net_af_xdp"));
    ASSERT_FALSE(mode);
    EXPECT_EQ(mode.error().code, ErrorCode::refused);
  }
  EXPECT_EQ(veth.dut_link().xdp_program_id, program);
}

TEST_F(DpdkRoot, HugePagesThatAreNotThereAreUnsupported) {
  if (std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").peek() != '0')
    GTEST_SKIP() << "this host has huge pages to spare";
  const TestVeth veth;
  auto config = backend_of(veth, "net_af_xdp");
  config.options["huge_pages"] = std::string("on");
  const auto mode = dpdk_backend().make()->start(config);
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
}

// They are shown as free to this thread and to the helper; the kernel has none to give.
TEST_F(DpdkRoot, HugePagesThatAreTakenInBetweenAreDoneWithout) {
  if (std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").peek() != '0')
    GTEST_SKIP() << "this host has huge pages to spare";
  std::thread([] {
    const std::filesystem::path sizes = "/sys/kernel/mm/hugepages";
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    if (!std::filesystem::exists(std::filesystem::read_symlink("/proc/self/exe")))
      GTEST_SKIP()
          << "in a chroot a thread with mounts of its own does not see where its program is";
    ASSERT_EQ(mount("tmpfs", sizes.c_str(), "tmpfs", 0, nullptr), 0);
    std::filesystem::create_directory(sizes / "hugepages-2048kB");
    for (const char* count : {"nr_hugepages", "free_hugepages", "resv_hugepages"})
      std::ofstream(sizes / "hugepages-2048kB" / count) << (count[0] == 'r' ? 0 : 512);
    const TestVeth veth;
    auto config = backend_of(veth, "net_af_packet");
    const auto backend = dpdk_backend().make();
    const auto mode = backend->start(config);
    ASSERT_TRUE(mode) << mode.error().message << mode.error().detail;
    EXPECT_EQ(mode->details.at("memory"), "no huge pages");
    backend->stop();
    config.options["huge_pages"] = std::string("on");
    const auto refused = backend->start(config);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("initialise DPDK"), std::string::npos);
  }).join();
}

INSTANTIATE_TEST_SUITE_P(Drivers, Dpdk, ::testing::Values("net_af_xdp", "net_af_packet"),
                         [](const auto& i) { return i.param; });

}  // namespace
}  // namespace pktbench::backends
