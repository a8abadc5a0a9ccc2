// Two RX queues on the veth testbed, and backends that read only the first: a trial must find it
// and name it, and not show a slow path.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "harness/method/session.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/detached_mount.hpp"
#include "harness/sys/file.hpp"
#include "harness/system/veth_fixture.hpp"

namespace pktbench::cli {
namespace {

// A backend that was attached to one queue of several, or counts one of several.
class OnQueueZero final : public Backend {
 public:
  explicit OnQueueZero(std::unique_ptr<Backend> real) : real_(std::move(real)) {}

  Result<EffectiveMode> start(const BackendConfig& config) override {
    BackendConfig one = config;
    one.port.queues = 1;
    return real_->start(one);
  }
  // A program of ours runs on every queue; one that looks at queue 0 alone would count this.
  Result<Counters> sample() override {
    auto c = real_->sample();
    if (!c || c->per_queue.empty()) return c;
    c->per_queue.resize(1);
    c->packets = c->per_queue[0];
    return c;
  }
  std::vector<pid_t> threads() const override { return real_->threads(); }
  void stop() noexcept override { real_->stop(); }

 private:
  std::unique_ptr<Backend> real_;
};

class VethQueues : public VethBackendFixture {
 protected:
  void SetUp() override {
    VethBackendFixture::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) bring_up("isolated", 2);
  }

  // Whatever the generator's CPU sends leaves by the second TX queue, and so arrives on RX queue 1.
  Result<void> steer_to_queue_one() {
    const Port& from = testbed_->generator().port();
    return sys::with_sysfs_of(from.netns_path, [&](const std::string& sysfs) {
      // A mask of hexadecimal digits, the last CPUs first, in groups of eight.
      const auto cpu = static_cast<std::size_t>(from.cpus.front());
      std::string mask(1, "1248"[cpu % 4]);
      mask.append(cpu / 4 % 8, '0');
      for (std::size_t i = 0; i < cpu / 32; ++i) mask += ",00000000";
      return sys::write_file(sysfs + "/class/net/" + from.name + "/queues/tx-1/xps_cpus", mask);
    });
  }

  Result<TrialRecord> trial(std::unique_ptr<Backend> backend, std::uint32_t flows) {
    CaseSpec two = spec("packet-sendmmsg");
    two.traffic.flows = flows;
    two.rate_pps = 5000;
    two.queues = 2;
    TrialPlan plan;
    plan.rate_pps = two.rate_pps;
    plan.warmup_s = 0.02;
    plan.duration_s = 0.1;
    plan.max_disturbance = 1;
    plan.max_cpu_distance_change = 0;
    const std::atomic<bool> stop{false};
    auto session = method::Session::open(
        two, plan, 0x90e0,
        {*testbed_, std::move(backend), find_by_name(registry().generators, two.generator)->make(),
         nullptr, "not in this test"},
        stop);
    if (!session) return session.error();
    return (*session)->measure(plan);
  }

  std::string device() const { return testbed_->dut().port().name; }
};

TEST_P(VethQueues, BothQueuesAreCounted) {
  const auto record = trial(type_->make(), 256);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->status, TrialStatus::ok) << record->reason;
  ASSERT_EQ(record->received.per_queue.size(), 2u);
  EXPECT_GT(record->received.per_queue[0], 0u);
  EXPECT_GT(record->received.per_queue[1], 0u);
  EXPECT_EQ(record->received.packets, record->offered.packets);
}

TEST_P(VethQueues, AnUnreadQueueAmongSeveralIsNamed) {
  const auto record = trial(std::make_unique<OnQueueZero>(type_->make()), 256);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::failed);
  EXPECT_EQ(record.error().message,
            type_->name + " counted nothing on RX queue 1 of 2 on " + device());
}

TEST_P(VethQueues, FramesThatAllLandOnTheUnreadQueueAreNoSilence) {
  if (auto steered = steer_to_queue_one(); !steered)
    GTEST_SKIP() << "cannot steer frames to a queue: " << steered.error().message;
  // That they do land there is seen by the backend as it should be.
  const auto record = trial(type_->make(), 1);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->status, TrialStatus::invalid) << "what is called two queues was one";
  EXPECT_EQ(record->reason,
            "RX queue 0 of 2 received nothing: the flows do not reach it; 16 for each queue do");
  ASSERT_EQ(record->received.per_queue.size(), 2u);
  ASSERT_EQ(record->received.per_queue[0], 0u);
  ASSERT_EQ(record->received.per_queue[1], record->offered.packets);

  const auto seen = trial(std::make_unique<OnQueueZero>(type_->make()), 1);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, ErrorCode::failed);
  const std::string where = type_->name == "af_xdp" ? "; dropped: af_xdp_no_socket 64" : "";
  EXPECT_EQ(seen.error().message,
            "none of 64 frames sent to " + device() + " was counted by " + type_->name + where);
}

using VethPlacing = VethFixture;

std::vector<std::vector<int>> affinities(const std::vector<pid_t>& threads) {
  std::vector<std::vector<int>> made;
  for (const pid_t thread : threads) made.push_back(sys::allowed_cpus(thread));
  return made;
}

// The generator is not there: each of this host's two CPUs is a queue's.
TEST_F(VethPlacing, TheThreadOfEachQueueIsOnItsCpu) {
  const auto cpus = sys::allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "needs two CPUs";
  bring_up("isolated", 4);
  for (const char* name : {"af_xdp", "packet-mmap"}) {
    const BackendType& type = *find_by_name(registry().backends, name);
    if (auto reason = type.probe(); !reason.empty()) continue;
    BackendConfig config;
    config.port = testbed_->dut().port();
    config.port.cpus = {cpus[1], cpus[0]};
    config.workload = "drop";
    config.options = testing::default_options(type.options);
    if (config.options.contains("fanout")) config.options["fanout"] = std::string("hash");
    auto backend = type.make();
    const auto mode = backend->start(config);
    ASSERT_TRUE(mode) << name << ": " << mode.error().message;
    EXPECT_EQ(affinities(backend->threads()),
              (std::vector<std::vector<int>>{{cpus[1]}, {cpus[0]}, {cpus[1]}, {cpus[0]}}))
        << name;
    backend->stop();
  }
}

// A backend that does not count by queue, on a device that does.
using VethUntoldQueues = VethQueues;

TEST_P(VethUntoldQueues, AnEmptyQueueIsNamedByTheDevice) {
  const auto both = trial(type_->make(), 256);
  ASSERT_TRUE(both) << both.error().message;
  ASSERT_TRUE(both->received.per_queue.empty()) << "this backend tells by itself";
  if (auto steered = steer_to_queue_one(); !steered)
    GTEST_SKIP() << "cannot steer frames to a queue: " << steered.error().message;
  const auto one = trial(type_->make(), 256);
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().message, "the device counted nothing on RX queue 0 of 2 on " + device());
}

INSTANTIATE_TEST_SUITE_P(Backends, VethUntoldQueues,
                         ::testing::Values("udp-recvmmsg", "packet-mmap", "xdp-generic"),
                         backend_name);

INSTANTIATE_TEST_SUITE_P(Backends, VethQueues, ::testing::Values("xdp-native", "af_xdp"),
                         backend_name);

}  // namespace
}  // namespace pktbench::cli
