// Testbed `simulated`: no packets and no waiting, but a device whose capacity, noise and cost are
// given, so that methods and statistics can be tested against a truth they can be wrong about. Its
// clock moves only when somebody sleeps.
#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "harness/core/lookup.hpp"
#include "harness/measure/cpu_distance.hpp"
#include "harness/measure/histogram.hpp"
#include "harness/testbed/testbeds.hpp"

namespace pktbench::testbed {

namespace {

constexpr int kGeneratorCpu = 0;
constexpr int kDutCpu = 1;
constexpr double kTscHz = 2e9;

// `now_ns` runs too fast by `error`; the reference, the device and the generator keep true time.
class SimulatedClock final : public Clock {
 public:
  void set_error(double error) { error_ = error; }
  std::uint64_t true_ns() const { return true_ns_; }

  std::uint64_t now_ns() override {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(true_ns_) +
                                      std::llround(error_ * static_cast<double>(true_ns_)));
  }
  ClockReading read() override { return {now_ns(), true_ns_}; }
  std::string reference() const override { return "the simulated reference"; }
  void sleep_ns(std::uint64_t ns, const StopFlag& stop) override {
    if (!stop)
      true_ns_ += static_cast<std::uint64_t>(std::llround(static_cast<double>(ns) / (1 + error_)));
  }

 private:
  double error_ = 0;
  std::uint64_t true_ns_ = 1'000'000'000;
};

// Of this set-up: the scenario's alone for the first, so that a run can be repeated.
std::uint64_t seed_of(const Options& options) {
  const auto seed = static_cast<std::uint64_t>(option<std::int64_t>(options, "seed"));
  if (seed == 0) return std::random_device()();
  const OptionValue* set_up = find_in(options, kSetUp);
  const auto* number = set_up ? std::get_if<std::int64_t>(set_up) : nullptr;
  return number && *number > 0 ? seed + 4'294'967'296 * static_cast<std::uint64_t>(*number) : seed;
}

// What a frame costs on this set-up, in times of what it costs on most: as a run draws its layout.
double drawn_cost(const Options& options) {
  const double spread = option<double>(options, "run_noise");
  if (spread <= 0) return 1;
  std::mt19937_64 random(seed_of(options) + 2'000'003);
  return 1 / std::max(0.01, 1 + spread * std::normal_distribution<double>()(random));
}

// What the capacity is multiplied by from window to window. Around 1: white noise, independent from
// window to window; drift, which wanders (Ornstein-Uhlenbeck, so that it comes back); and bursts,
// windows that lose `burst_depth` of it.
class Noise {
 public:
  explicit Noise(const Options& options) : options_(options), random_(seed_of(options)) {}

  double at(double second) {
    const double kept = wandered_ ? std::exp(-(second - at_s_) / of("drift_s")) : 0;
    wander_ = kept * wander_ + std::sqrt(1 - kept * kept) * of("drift") * normal_(random_);
    wandered_ = true;
    at_s_ = second;
    const double white = of("noise") * normal_(random_);
    const double burst = uniform_(random_) < of("burst") ? of("burst_depth") : 0;
    return std::max(0.0, (1 + wander_) * (1 + white) * (1 - burst));
  }

 private:
  double of(const char* name) const { return option<double>(options_, name); }

  const Options options_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  bool wandered_ = false;
  double wander_ = 0;
  double at_s_ = 0;
};

// Two conditions that take turns: CPUs near each other, or far apart, each for a while of random
// length, exponentially distributed. Starts in either.
class Distance {
 public:
  explicit Distance(const Options& options)
      : mean_s_(option<double>(options, "far_every_s")),
        far_cost_(option<double>(options, "far_cost")),
        random_(seed_of(options) + 1'000'003),
        far_(mean_s_ > 0 && std::bernoulli_distribution(0.5)(random_)) {}

  double ns(double second) { return far(second) ? 420 : 90; }
  // What a frame costs, in times of what it does where they are near.
  double cost(double second) { return far(second) ? far_cost_ : 1; }

 private:
  // REQUIRES: never called for an earlier second.
  bool far(double second) {
    if (mean_s_ <= 0) return false;
    for (; second >= until_s_;
         until_s_ += std::exponential_distribution<double>(1 / mean_s_)(random_))
      far_ = !far_;
    return far_;
  }

  const double mean_s_;
  const double far_cost_;
  std::mt19937_64 random_;
  bool far_;
  double until_s_ = 0;
};

class SimulatedDevice final : public VirtualDevice {
 public:
  SimulatedDevice(const SimulatedClock& clock, const Options& options, unsigned queues)
      : clock_(clock),
        options_(options),
        noise_(options),
        distance_(options),
        drawn_cost_(drawn_cost(options)) {
    received_.per_queue.resize(queues);
  }

  // The counts by queue begin again.
  void set_queues(unsigned queues) { received_.per_queue.assign(queues, 0); }

  std::uint64_t now_ns() const override { return clock_.true_ns(); }

  void deliver(std::uint64_t frames, std::uint64_t bytes, std::uint64_t over_ns,
               std::uint32_t flows) override {
    // What is left of a frame is lost the next time, so that the loss is exact in the long run.
    loss_due_ += of("loss") * static_cast<double>(frames);
    const std::uint64_t lost = std::min(frames, static_cast<std::uint64_t>(loss_due_));
    loss_due_ -= static_cast<double>(lost);
    lost_ += lost;
    const std::uint64_t arrived = frames - lost;
    const double second = static_cast<double>(now_ns()) / 1e9;
    const double cost =
        drawn_cost_ * distance_.cost(second) * (1 + of("slower_per_hour") * second / 3600);
    const double room = of("buffer_frames") + of("capacity_pps") * noise_.at(second) / cost *
                                                  static_cast<double>(over_ns) / 1e9;
    // A frame or two always fit, however short the time.
    const std::uint64_t taken = std::min(
        arrived, std::max(std::uint64_t{256}, static_cast<std::uint64_t>(std::llround(room))));
    received_.packets += taken;
    // All have the mean size, as far as one that is lost goes.
    received_.bytes += taken == frames ? bytes
                                       : static_cast<std::uint64_t>(static_cast<double>(bytes) *
                                                                    static_cast<double>(taken) /
                                                                    static_cast<double>(frames));
    spread(taken, flows);
    delay(taken, over_ns);
    dropped_ += arrived - taken;
    busy_ns_ += static_cast<double>(taken) * of("cycles_per_packet") * cost / kTscHz * 1e9;
  }
  Counters received() const override {
    Counters counters = received_;
    if (spins())
      counters.polls = {in_ticks(busy_ns_), in_ticks(static_cast<double>(now_ns()) - busy_ns_)};
    return counters;
  }
  DelayCounts delays() const override { return {.buckets = delays_.buckets()}; }
  // The DUT is a loop that is never idle.
  bool spins() const { return option<bool>(options_, "spins"); }
  double cpu_distance_ns() { return distance_.ns(static_cast<double>(now_ns()) / 1e9); }

  std::uint64_t lost() const { return lost_; }
  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t busy_ns() const { return static_cast<std::uint64_t>(busy_ns_); }

 private:
  // Flow f goes to queue f % queues, and each flow has as many frames as any other.
  void spread(std::uint64_t frames, std::uint32_t flows) {
    std::vector<std::uint64_t>& queues = received_.per_queue;
    std::uint64_t left = frames;
    for (std::size_t q = 1; q < queues.size() && q < flows; ++q) {
      const std::uint64_t here = (flows - q + queues.size() - 1) / queues.size();
      queues[q] += frames * here / flows;
      left -= frames * here / flows;
    }
    queues[0] += left;
  }

  // Each takes what one frame takes an idle device, but for those that find it stalled in the
  // middle of the time, and those behind them until it has caught up.
  void delay(std::uint64_t frames, std::uint64_t over_ns) {
    const double service_ns = 1e9 / of("capacity_pps");
    const double stall_ns = of("stall_ms") * 1e6;
    const double apart_ns =
        frames > 0 ? static_cast<double>(over_ns) / static_cast<double>(frames) : 0;
    std::uint64_t late = 0;
    if (stall_ns > 0 && static_cast<double>(over_ns) > 4 * stall_ns)
      for (; late < frames; ++late) {
        const auto n = static_cast<double>(late);
        const double delay_ns = stall_ns + (n + 1) * service_ns - n * apart_ns;
        if (delay_ns <= service_ns) break;
        delays_.record(static_cast<std::uint64_t>(delay_ns));
      }
    delays_.record(static_cast<std::uint64_t>(service_ns), frames - late);
  }

  static std::uint64_t in_ticks(double ns) {
    return static_cast<std::uint64_t>(std::max(0.0, ns) * kTscHz / 1e9);
  }

  const SimulatedClock& clock_;
  double of(const char* name) const { return option<double>(options_, name); }

  const Options options_;
  Noise noise_;
  Distance distance_;
  const double drawn_cost_;
  Counters received_;
  measure::Histogram delays_;
  double loss_due_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t dropped_ = 0;
  double busy_ns_ = 0;
};

class SimulatedCpuMeter final : public CpuMeter {
 public:
  explicit SimulatedCpuMeter(Clock& clock) : clock_(clock) {}
  void watch(std::shared_ptr<SimulatedDevice> device, const Options& options) {
    device_ = std::move(device);
    options_ = options;
  }

  Result<void> start(const std::vector<int>&) override { return {}; }
  Result<void> set_roles(const CpuRoles&) override { return {}; }
  Result<CpuSample> sample() override {
    CpuSample sample;
    sample.at_ns = clock_.now_ns();
    CpuTimes generator;
    generator.cpu = kGeneratorCpu;
    generator[CpuClass::generator] = sample.at_ns;
    CpuTimes dut;
    dut.cpu = kDutCpu;
    dut[CpuClass::napi] = device_->busy_ns();
    dut[CpuClass::foreign] =
        static_cast<std::uint64_t>(option<double>(options_, "foreign") *
                                   std::min(static_cast<double>(sample.at_ns),
                                            option<double>(options_, "foreign_until_s") * 1e9));
    const std::uint64_t busy = dut[CpuClass::napi] + dut[CpuClass::foreign];
    dut[CpuClass::idle] = sample.at_ns - std::min(sample.at_ns, busy);
    if (device_->spins())
      dut[CpuClass::application] =
          std::exchange(dut[CpuClass::idle], 0) + std::exchange(dut[CpuClass::napi], 0);
    sample.cpus = {generator, dut};
    return sample;
  }
  Result<void> pause() override { return {}; }
  Result<void> resume() override { return {}; }
  std::string cycles_source() const override { return "tsc"; }
  std::string cycles_source_reason() const override { return "a simulated device has no PMU"; }
  double tsc_hz() const override { return kTscHz; }

 private:
  Clock& clock_;
  std::shared_ptr<SimulatedDevice> device_;
  Options options_;
};

class SimulatedDut final : public LocalEnd {
 public:
  Result<DropCounts> sample() override {
    return DropCounts{{"simulated_wire", device->lost()}, {"simulated_ring", device->dropped()}};
  }
  std::string receive_drop_place() const override { return "simulated_ring"; }
  std::vector<int> softirq_cpus() const override { return made.cpus; }

  std::shared_ptr<SimulatedDevice> device;
};

class SimulatedTestbed final : public Testbed {
 public:
  SimulatedTestbed() { has_ends(generator_, dut_); }

  Result<void> up(const Options& options, QueueRange queues) override {
    clock_.set_error(option<double>(options, "clock_error"));
    dut_.device = std::make_shared<SimulatedDevice>(clock_, options, queues.least);
    meter_.watch(dut_.device, options);
    distance_ = measure::cpu_distance_source(kGeneratorCpu, kDutCpu, [this](int, int) {
      return Result<double>(dut_.device->cpu_distance_ns());
    });
    generator_.made.name = "simgen";
    generator_.made.cpus = {kGeneratorCpu};
    dut_.made.name = "simdut";
    dut_.made.cpus = {kDutCpu};
    dut_.made.queues = queues.least;
    generator_.made.device = dut_.made.device = dut_.device;
    return {};
  }
  Result<void> use_queues(unsigned queues) override {
    dut_.device->set_queues(queues);
    dut_.made.queues = queues;
    return {};
  }
  Clock& clock() override { return clock_; }
  CpuMeter& cpu_meter() override { return meter_; }
  std::vector<DisturbanceSource*> disturbances() override { return {distance_.get()}; }
  Result<void> down() noexcept override { return {}; }

 private:
  SimulatedClock clock_;
  SimulatedCpuMeter meter_{clock_};
  LocalEnd generator_;
  SimulatedDut dut_;
  std::unique_ptr<DisturbanceSource> distance_;
};

}  // namespace

TestbedType simulated_testbed() {
  return {
      .name = "simulated",
      .summary = "no packets: a device of given capacity and noise, to test the methods",
      .touches_host = false,
      .options =
          {number_option("capacity_pps", 2e6, 0, 1e12, "frames per second the device can take"),
           number_option("buffer_frames", 0.0, 0, 1e12,
                         "frames that wait for it beside those that it takes meanwhile"),
           number_option("slower_per_hour", 0.0, 0, 1000,
                         "how much slower it gets, relative: a drift to be found"),
           number_option("noise", 0.01, 0, 1,
                         "standard deviation of the capacity from window to window, relative"),
           number_option("run_noise", 0.0, 0, 1,
                         "standard deviation of what each set-up of the testbed draws, relative"),
           number_option("drift", 0.0, 0, 1, "standard deviation of a slow wander, relative"),
           number_option("drift_s", 60.0, 0.001, 1e9, "seconds until the wander has forgotten 63%"),
           number_option("burst", 0.0, 0, 1, "share of the windows that are slowed down"),
           number_option("burst_depth", 0.5, 0, 1, "share of the capacity that these lose"),
           number_option("loss", 0.0, 0, 1, "share of the frames that the wire loses"),
           number_option("cycles_per_packet", 900.0, 0, 1e12, "what one frame costs the DUT"),
           number_option("stall_ms", 0.0, 0, 1e6,
                         "milliseconds that the device does nothing, once a window"),
           flag_option("spins", false, "the DUT is a loop that spins when there is no frame"),
           number_option("far_every_s", 0.0, 0, 1e9,
                         "mean seconds until the CPUs come near or go far apart; 0: always near"),
           number_option("far_cost", 1.25, 1, 1000,
                         "what a frame costs where they are far apart, in times of near"),
           number_option("foreign", 0.0, 0, 1, "share of the DUT's CPU that others use"),
           number_option("foreign_until_s", 1e9, 0, 1e9, "simulated time at which they end"),
           number_option("clock_error", 0.0, -0.5, 0.5,
                         "a fault to be caught: how much too fast the clock runs, relative"),
           number_option("seed", 1, 0, 4'294'967'295, "of the noise; 0: another each time")},
      .probe = [] { return std::string(); },
      .make = [] { return std::make_unique<SimulatedTestbed>(); },
      .medium = Medium::simulated};
}

}  // namespace pktbench::testbed
