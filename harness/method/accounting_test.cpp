#include "harness/method/accounting.hpp"

#include <gtest/gtest.h>

namespace pktbench::method {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

CpuTimes cpu(int id, std::initializer_list<std::pair<CpuClass, std::uint64_t>> times) {
  CpuTimes t;
  t.cpu = id;
  for (const auto& [c, ns] : times) t[c] = ns;
  return t;
}

// One second in which CPU 0 generates and CPU 1 works for the DUT.
struct Samples {
  CpuSample before{0, {cpu(0, {}), cpu(1, {})}};
  CpuSample after{kSecond,
                  {cpu(0, {{CpuClass::generator, 700'000'000},
                           {CpuClass::softirq, 200'000'000},
                           {CpuClass::control, 100'000'000}}),
                   cpu(1, {{CpuClass::application, 300'000'000},
                           {CpuClass::napi, 200'000'000},
                           {CpuClass::softirq, 100'000'000},
                           {CpuClass::softirq_other, 50'000'000},
                           {CpuClass::foreign, 50'000'000},
                           {CpuClass::idle, 300'000'000}})}};
};
const CpuOwners kIsolated{{1}, {0}, {1}};
const CpuOwners kInline{{1}, {0}, {1, 0}};

TEST(Charge, CoversApplicationNapiAndSoftirqOfTheDutOnly) {
  const Samples s;
  EXPECT_DOUBLE_EQ(charge_dut(s.before, s.after, kIsolated).ns, 600e6);
}

TEST(Charge, InlineAddsTheSoftirqsOfTheGeneratorsCpu) {
  const Samples s;
  EXPECT_DOUBLE_EQ(charge_dut(s.before, s.after, kInline).ns, 800e6);
}

// As many cycles in each class of a CPU as nanoseconds, times `per_ns`.
void count_cycles(CpuTimes& before, CpuTimes& after, std::uint64_t per_ns) {
  before.cycles.emplace();
  after.cycles.emplace();
  for (std::size_t c = 0; c < kCpuClasses; ++c) (*after.cycles)[c] = per_ns * after.ns[c];
}

// Whatever the CPU did while it was idle, and however fast it was then.
TEST(Charge, PmuCyclesAreThoseOfTheDutsOwnSlices) {
  Samples s;
  count_cycles(s.before.cpus[0], s.after.cpus[0], 2);
  count_cycles(s.before.cpus[1], s.after.cpus[1], 3);
  (*s.after.cpus[1].cycles)[static_cast<std::size_t>(CpuClass::idle)] = 1'000'000'000'000;
  EXPECT_DOUBLE_EQ(charge_dut(s.before, s.after, kIsolated).cycles.value(), 3 * 600e6);
  EXPECT_DOUBLE_EQ(charge_dut(s.before, s.after, kIsolated).application_cycles, 3 * 300e6);
  EXPECT_DOUBLE_EQ(charge_dut(s.before, s.after, kInline).cycles.value(), 3 * 600e6 + 2 * 200e6);
}

TEST(Charge, HasNoCyclesWhereTheCounterStoodStillOnABusyCpu) {
  Samples s;
  count_cycles(s.before.cpus[0], s.after.cpus[0], 2);
  count_cycles(s.before.cpus[1], s.after.cpus[1], 0);
  EXPECT_FALSE(charge_dut(s.before, s.after, kIsolated).cycles);
}

constexpr double kTscHz = 2e9;
constexpr PollTicks ticks(double busy_ns, double idle_ns) {
  return {static_cast<std::uint64_t>(busy_ns * kTscHz / 1e9),
          static_cast<std::uint64_t>(idle_ns * kTscHz / 1e9)};
}

TEST(BusyShare, OfALoopThatOnlySpinsIsThatOfThePollsThatReturnedFrames) {
  EXPECT_DOUBLE_EQ(busy_share(1e9, ticks(250e6, 750e6), kTscHz), 0.25);
}

// What interrupted it is in no time of the loop's, but in its polls in vain.
TEST(BusyShare, IsNotMadeSmallerByWhatInterruptsPollsInVain) {
  EXPECT_DOUBLE_EQ(busy_share(900e6, ticks(90e6, 910e6), kTscHz), 0.1);
}

// Of 500 ms on the CPU, 200 were polls: the rest, calls to sleep, belongs to the packets.
TEST(BusyShare, HasWhatGoingToSleepCosts) {
  EXPECT_DOUBLE_EQ(busy_share(500e6, ticks(150e6, 50e6), kTscHz), 0.9);
}

TEST(BusyShare, IsNeverAboveOne) {
  EXPECT_DOUBLE_EQ(busy_share(800e6, ticks(1e9, 0), kTscHz), 1);
  EXPECT_DOUBLE_EQ(busy_share(0, ticks(1e6, 0), kTscHz), 1);
}

class Meter final : public CpuMeter {
 public:
  explicit Meter(std::string source) : source_(std::move(source)) {}
  Result<void> start(const std::vector<int>&) override { return {}; }
  Result<void> set_roles(const CpuRoles&) override { return {}; }
  Result<CpuSample> sample() override { return CpuSample{}; }
  Result<void> pause() override { return {}; }
  Result<void> resume() override { return {}; }
  std::string cycles_source() const override { return source_; }
  std::string cycles_source_reason() const override { return {}; }
  double tsc_hz() const override { return kTscHz; }

 private:
  std::string source_;
};

TrialRecord charged(const Samples& s, const std::optional<PollTicks>& polls, const char* source) {
  TrialRecord r;
  charge_record(s.before, s.after, kIsolated, Meter(source), 100'000, polls, r);
  return r;
}

// Of 600 ms, 300 are the loop's, a tenth of them with frames; the kernel's 300 stay on top.
TEST(BusyCycles, AreTheCostWithoutPollsInVain) {
  const TrialRecord r = charged({}, ticks(30e6, 270e6), "tsc");
  EXPECT_NEAR(r.cycles_per_packet.value(), 0.6 * 2e9 / 1e5, 1e-6);
  EXPECT_NEAR(r.busy_cycles_per_packet.value(), 0.33 * 2e9 / 1e5, 1e-6);
  EXPECT_FALSE(r.missing.contains("busy_cycles_per_packet"));
}

TEST(BusyCycles, AreMissingWithAReasonWhereNoLoopSpins) {
  const TrialRecord r = charged({}, std::nullopt, "tsc");
  EXPECT_TRUE(r.cycles_per_packet);
  EXPECT_FALSE(r.busy_cycles_per_packet);
  EXPECT_EQ(r.missing.at("busy_cycles_per_packet"), "the backend has no loop that spins");
}

// The application's 300 ms had 4 cycles a nanosecond, the kernel's work 1.
TEST(BusyCycles, ByPmuAreWithoutTheApplicationsCyclesInVain) {
  Samples s;
  count_cycles(s.before.cpus[0], s.after.cpus[0], 1);
  count_cycles(s.before.cpus[1], s.after.cpus[1], 1);
  (*s.after.cpus[1].cycles)[static_cast<std::size_t>(CpuClass::application)] = 1'200'000'000;
  const TrialRecord r = charged(s, ticks(30e6, 270e6), "pmu");
  EXPECT_NEAR(r.cycles_per_packet.value(), (300e6 + 1200e6) / 1e5, 1e-6);
  EXPECT_NEAR(r.busy_cycles_per_packet.value(), (300e6 + 120e6) / 1e5, 1e-6);
}

TEST(Usage, UserTimeOfAThreadThatKeepsACpuAwakeIsNobodys) {
  Samples s;
  for (auto* sample : {&s.before, &s.after}) sample->cpus[1].user_ns = 0;
  s.after.cpus[1].user_ns = 700'000'000;
  CpuOwners owners = kIsolated;
  EXPECT_DOUBLE_EQ(cpu_usage(s.before, s.after, owners)[1].user.value(), 0.7);
  owners.idle_spins = {1};
  const CpuUsage usage = cpu_usage(s.before, s.after, owners)[1];
  const double idle = usage.classes[static_cast<std::size_t>(CpuClass::idle)];
  EXPECT_GT(idle, 0.2);
  EXPECT_DOUBLE_EQ(usage.user.value(), 0.7 - idle);
}

TEST(Charge, HasNoCyclesWhenACpuHasNone) {
  Samples s;
  count_cycles(s.before.cpus[1], s.after.cpus[1], 1);
  EXPECT_FALSE(charge_dut(s.before, s.after, kIsolated).cycles);
}

TEST(Charge, AddsTheInterruptsOfTheDutsOwnDevice) {
  Samples s;
  s.after.cpus[1][CpuClass::interrupt] = 40'000'000;
  s.after.cpus[1][CpuClass::idle] -= 40'000'000;
  EXPECT_DOUBLE_EQ(charge_dut(s.before, s.after, kIsolated).ns, 600e6);
  CpuOwners owners = kIsolated;
  owners.dut_interrupts = true;
  EXPECT_DOUBLE_EQ(charge_dut(s.before, s.after, owners).ns, 640e6);
  for (const std::size_t c : {0u, 1u}) count_cycles(s.before.cpus[c], s.after.cpus[c], 2);
  EXPECT_DOUBLE_EQ(charge_dut(s.before, s.after, owners).cycles.value(), 2 * 640e6);
  EXPECT_DOUBLE_EQ(worst_disturbance(cpu_usage(s.before, s.after, owners), owners).interrupts, 0);
  EXPECT_DOUBLE_EQ(worst_disturbance(cpu_usage(s.before, s.after, kIsolated), kIsolated).interrupts,
                   0.04);
}

// As if 200 ms of the second had gone before the DUT's CPU was first read.
TEST(Usage, ACpuThatWasFirstReadLateHasNoSharesTooSmall) {
  Samples s;
  s.after.cpus[1] = cpu(1, {{CpuClass::foreign, 48'000'000}, {CpuClass::napi, 752'000'000}});
  const auto usage = cpu_usage(s.before, s.after, kIsolated);
  EXPECT_DOUBLE_EQ(usage.at(1).busy, 1);
  EXPECT_DOUBLE_EQ(worst_disturbance(usage, kIsolated).foreign, 0.06);
}

TEST(Usage, ACpuThatWasReadLateHasNoShareAboveOne) {
  Samples s;
  s.after.cpus[1] = cpu(1, {{CpuClass::idle, 1'010'000'000}, {CpuClass::napi, 5'000'000}});
  const auto usage = cpu_usage(s.before, s.after, kIsolated);
  EXPECT_NEAR(usage.at(1).classes[static_cast<std::size_t>(CpuClass::idle)], 1010.0 / 1015, 1e-9);
  EXPECT_NEAR(usage.at(1).busy, 5.0 / 1015, 1e-9);
}

TEST(Usage, SharesAreOfTheWindow) {
  const Samples s;
  const auto usage = cpu_usage(s.before, s.after, kIsolated);
  ASSERT_EQ(usage.size(), 2u);
  EXPECT_EQ(usage[0].role, "generator");
  EXPECT_EQ(usage[1].role, "dut");
  EXPECT_DOUBLE_EQ(usage[0].busy, 1.0);
  EXPECT_NEAR(usage[1].busy, 0.7, 1e-9);
  EXPECT_NEAR(usage[1].softirq, 0.15, 1e-9);
  EXPECT_FALSE(usage[1].user);
}

TEST(DisturbanceTest, SoftirqsAreOnesOwnOnlyWhereTheyWorkForTheDut) {
  CpuUsage u;
  u.cpu = 1;
  u.role = "dut";
  u.classes[static_cast<std::size_t>(CpuClass::softirq)] = 0.2;
  EXPECT_DOUBLE_EQ(worst_disturbance({u}, {{1}, {0}, {}}).foreign, 0.2);
  EXPECT_DOUBLE_EQ(worst_disturbance({u}, {{1}, {0}, {1}}).foreign, 0);
}

TEST(DisturbanceTest, InlineLooksAtTheGeneratorsCpuToo) {
  CpuUsage u;
  u.cpu = 0;
  u.role = "generator";
  u.classes[static_cast<std::size_t>(CpuClass::foreign)] = 0.2;
  EXPECT_EQ(worst_disturbance({u}, {{1}, {0}, {1, 0}}).cpu, 0);
  EXPECT_EQ(worst_disturbance({u}, {{1}, {0}, {}}).cpu, -1);
}

TEST(DisturbanceTest, InterruptsOfDevicesCount) {
  CpuUsage u;
  u.cpu = 1;
  u.role = "dut";
  u.classes[static_cast<std::size_t>(CpuClass::interrupt)] = 0.2;
  u.classes[static_cast<std::size_t>(CpuClass::foreign)] = 0.1;
  const Disturbance d = worst_disturbance({u}, {{1}, {0}, {}});
  EXPECT_DOUBLE_EQ(d.interrupts, 0.2);
  EXPECT_NEAR(d.share(), 0.3, 1e-12);
}

TEST(DisturbanceTest, IsThatOfTheDutsWorstCpu) {
  const auto cpu_of = [](int id, const char* role, double foreign, std::optional<double> steal) {
    CpuUsage u;
    u.cpu = id;
    u.role = role;
    u.steal = steal;
    u.classes[static_cast<std::size_t>(CpuClass::foreign)] = foreign;
    return u;
  };
  const Disturbance d =
      worst_disturbance({cpu_of(0, "generator", 0.9, {}), cpu_of(1, "dut", 0.01, 0.02),
                         cpu_of(2, "dut", 0.02, 0.04), cpu_of(3, "dut", 0.05, {})},
                        {{1, 2, 3}, {0}, {}});
  EXPECT_EQ(d.cpu, 2);
  EXPECT_DOUBLE_EQ(d.foreign, 0.02);
  EXPECT_DOUBLE_EQ(d.steal, 0.04);
  EXPECT_EQ(worst_disturbance({}, {}).cpu, -1);
  // A limit of 1 accepts whatever happens.
  EXPECT_DOUBLE_EQ(worst_disturbance({cpu_of(1, "dut", 0.7, 0.5)}, {{1}, {0}, {}}).share(), 1);
}

struct Verdict {
  const char* what;
  LimiterEvidence evidence;
  Limiter expected;
};

TEST(LimiterTest, IsNamedFromTheEvidence) {
  const Verdict verdicts[] = {
      {"losses and a saturated DUT", {1.0, 1.0, 0, 0.05, {}}, Limiter::dut},
      {"losses, and the DUT had time: it was woken too late",
       {0.5, 1.0, 0, 0.05, {}},
       Limiter::dut},
      {"losses, CPU time not measured", {{}, {}, 0, 0.05, {}}, Limiter::unknown},
      {"losses, and others had the DUT's CPU",
       {.dut_busy = 1.0,
        .generator_busy = 1.0,
        .lost = 0.05,
        .offered_of_target = {},
        .dut_foreign = 0.9},
       Limiter::unknown},
      {"losses, and others had a fifth of it",
       {.dut_busy = 1.0,
        .generator_busy = 1.0,
        .lost = 0.05,
        .offered_of_target = {},
        .dut_foreign = 0.2},
       Limiter::dut},
      {"losses that no place counted, and the DUT had time: perhaps the wire's",
       {.dut_busy = 0.5,
        .generator_busy = 1.0,
        .lost = 0.05,
        .offered_of_target = {},
        .lost_unnamed = 0.05},
       Limiter::unknown},
      {"losses that no place counted, and the DUT was saturated",
       {.dut_busy = 1.0,
        .generator_busy = 1.0,
        .lost = 0.05,
        .offered_of_target = {},
        .lost_unnamed = 0.05},
       Limiter::dut},
      {"no loss and a saturated generator", {0.4, 1.0, 0, 0, {}}, Limiter::generator},
      {"a frame lost in 10,000 is no loss", {1.0, 1.0, 0, 0.0001, {}}, Limiter::generator},
      {"no loss, but a saturated DUT held the generator up", {1.0, 1.0, 0.2, 0, {}}, Limiter::dut},
      {"the target rate was reached", {0.3, 0.2, 0, 0, 1.0}, Limiter::generator},
      {"it was reached although some were refused", {0.3, 1.0, 0.2, 0, 1.0}, Limiter::generator},
      {"the target was missed, the generator had time", {0.3, 0.2, 0, 0, 0.8}, Limiter::unknown},
      {"losses at a paced rate, DUT saturated", {0.99, 0.2, 0, 0.3, 1.0}, Limiter::dut},
      {"nobody was busy", {0.2, 0.2, 0, 0, {}}, Limiter::unknown},
      {"inline: the DUT's softirqs fill the generator's CPU",
       {0.1, 1, 0, 0, {}, 0.7},
       Limiter::dut},
      {"inline: the generator itself fills it", {0.1, 1, 0, 0, {}, 0.3}, Limiter::generator},
      {"its own port on a wire held the generator up",
       {.dut_busy = 1.0,
        .generator_busy = 0.3,
        .refused = 0.2,
        .offered_of_target = {},
        .on_wire = true},
       Limiter::generator},
      {"pause frames held it up",
       {.dut_busy = 1.0,
        .generator_busy = 1.0,
        .refused = 0.2,
        .offered_of_target = {},
        .on_wire = true,
        .paused = true},
       Limiter::link},
      {"pause frames, and frames were lost all the same",
       {.dut_busy = 1.0,
        .generator_busy = 1.0,
        .lost = 0.05,
        .offered_of_target = {},
        .on_wire = true,
        .paused = true},
       Limiter::dut},
      {"pause frames, and the target rate was reached",
       {.dut_busy = 0.3,
        .generator_busy = 0.2,
        .offered_of_target = 1.0,
        .on_wire = true,
        .paused = true},
       Limiter::generator},
  };
  for (const Verdict& v : verdicts) EXPECT_EQ(judge_limiter(v.evidence), v.expected) << v.what;
}

TEST(LimiterTest, IsTheLinkWhereItIsFullAndNothingIsLost) {
  LimiterEvidence e;
  e.dut_busy = 1;
  e.generator_busy = 1;
  e.offered_of_line = 0.995;
  EXPECT_EQ(judge_limiter(e), Limiter::link);
  e.offered_of_line = 0.9;
  EXPECT_EQ(judge_limiter(e), Limiter::generator);
  e.offered_of_line = 0.995;
  e.lost = 0.1;
  EXPECT_EQ(judge_limiter(e), Limiter::dut);
}

TEST(LimiterTest, ReadsFromTheRecordWhatTheWireTells) {
  TrialRecord trial;
  trial.offered.packets = 800;
  trial.offered.not_taken = 200;
  trial.on_wire = true;
  trial.pause_frames = 0;
  LimiterEvidence e = limiter_evidence(trial, kIsolated);
  EXPECT_DOUBLE_EQ(e.refused, 0.2);
  EXPECT_TRUE(e.on_wire);
  EXPECT_FALSE(e.paused);
  trial.pause_frames = 3;
  EXPECT_TRUE(limiter_evidence(trial, kIsolated).paused);
}

TEST(LimiterTest, CountsLossesThatNobodyNames) {
  TrialRecord trial;
  trial.offered.packets = 1000;
  trial.unaccounted = 100;
  trial.drops["nic_buffer"] = 50;
  EXPECT_DOUBLE_EQ(limiter_evidence(trial, kIsolated).lost, 0.15);
  EXPECT_DOUBLE_EQ(limiter_evidence(trial, kIsolated).lost_unnamed, 0.1);
  trial.unaccounted = -100;
  EXPECT_DOUBLE_EQ(limiter_evidence(trial, kIsolated).lost, 0.05);
}

}  // namespace
}  // namespace pktbench::method
