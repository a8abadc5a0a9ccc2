#include "harness/testbed/simulated.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace pktbench::testbed {

namespace {

constexpr int kGeneratorCpu = 0;
constexpr int kDutCpu = 1;
constexpr double kTscHz = 2e9;

class SimulatedClock final : public Clock {
 public:
  std::uint64_t now_ns() override { return now_; }
  void sleep_ns(std::uint64_t ns, const StopFlag& stop) override {
    if (!stop) now_ += ns;
  }

 private:
  std::uint64_t now_ = 1'000'000'000;
};

class SimulatedDevice final : public VirtualDevice {
 public:
  SimulatedDevice(Clock& clock, const Options& options)
      : clock_(clock),
        capacity_pps_(option<double>(options, "capacity_pps")),
        noise_(option<double>(options, "noise")),
        cycles_per_packet_(option<double>(options, "cycles_per_packet")),
        random_(static_cast<std::uint64_t>(option<std::int64_t>(options, "seed"))) {}

  std::uint64_t now_ns() const override { return clock_.now_ns(); }

  void deliver(std::uint64_t frames, std::uint64_t frame_bytes, std::uint64_t over_ns) override {
    const double noisy = capacity_pps_ * (1 + noise_ * normal_(random_));
    const double room = std::max(0.0, noisy) * static_cast<double>(over_ns) / 1e9;
    // A frame or two always fit, however short the time.
    const std::uint64_t taken =
        std::min(frames, std::max(std::uint64_t{256}, static_cast<std::uint64_t>(room)));
    received_.packets += taken;
    received_.bytes += taken * frame_bytes;
    received_.per_queue = {received_.packets};
    dropped_ += frames - taken;
    busy_ns_ += static_cast<double>(taken) * cycles_per_packet_ / kTscHz * 1e9;
  }
  Counters received() const override { return received_; }

  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t busy_ns() const { return static_cast<std::uint64_t>(busy_ns_); }

 private:
  Clock& clock_;
  const double capacity_pps_;
  const double noise_;
  const double cycles_per_packet_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  Counters received_;
  std::uint64_t dropped_ = 0;
  double busy_ns_ = 0;
};

class SimulatedCpuMeter final : public CpuMeter {
 public:
  explicit SimulatedCpuMeter(Clock& clock) : clock_(clock) {}
  void watch(std::shared_ptr<SimulatedDevice> device, const Options& options) {
    device_ = std::move(device);
    foreign_ = option<double>(options, "foreign");
    foreign_until_ns_ = option<double>(options, "foreign_until_s") * 1e9;
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
    dut[CpuClass::foreign] = static_cast<std::uint64_t>(
        foreign_ * std::min(static_cast<double>(sample.at_ns), foreign_until_ns_));
    const std::uint64_t busy = dut[CpuClass::napi] + dut[CpuClass::foreign];
    dut[CpuClass::idle] = sample.at_ns - std::min(sample.at_ns, busy);
    sample.cpus = {generator, dut};
    return sample;
  }
  std::string cycles_source() const override { return "tsc"; }
  std::string cycles_source_reason() const override { return "a simulated device has no PMU"; }
  double tsc_hz() const override { return kTscHz; }

 private:
  Clock& clock_;
  std::shared_ptr<SimulatedDevice> device_;
  double foreign_ = 0;
  double foreign_until_ns_ = 0;
};

class SimulatedTestbed final : public Testbed {
 public:
  Result<void> up(const Options& options, unsigned queues) override {
    device_ = std::make_shared<SimulatedDevice>(clock_, options);
    meter_.watch(device_, options);
    generator_.name = "simgen";
    generator_.cpus = {kGeneratorCpu};
    generator_.device = device_;
    dut_.name = "simdut";
    dut_.cpus = {kDutCpu};
    dut_.queues = queues;
    dut_.device = device_;
    return {};
  }
  const Port& generator_port() const override { return generator_; }
  const Port& dut_port() const override { return dut_; }
  Result<std::vector<pid_t>> settle(bool) override { return std::vector<pid_t>{}; }
  Result<DropCounts> sample() override {
    return DropCounts{{"simulated_ring", device_->dropped()}};
  }
  std::string receive_drop_place() const override { return "simulated_ring"; }
  std::vector<int> dut_softirq_cpus() const override { return dut_.cpus; }
  Clock& clock() override { return clock_; }
  CpuMeter& cpu_meter() override { return meter_; }
  std::string arrangement() const override { return ""; }
  Result<void> down() noexcept override { return {}; }

 private:
  SimulatedClock clock_;
  SimulatedCpuMeter meter_{clock_};
  std::shared_ptr<SimulatedDevice> device_;
  Port generator_;
  Port dut_;
};

OptionSpec number(const char* name, double value, double min, const char* help) {
  return {.name = name, .default_value = value, .choices = {}, .min = min, .max = {}, .help = help};
}

}  // namespace

TestbedType simulated_testbed() {
  return {.name = "simulated",
          .summary = "no packets: a device of given capacity and noise, to test the methods",
          .touches_host = false,
          .is_virtual = true,
          .options = {number("capacity_pps", 2e6, 0, "frames per second the device can take"),
                      number("noise", 0.01, 0, "standard deviation of the capacity, relative"),
                      number("cycles_per_packet", 900, 0, "what one frame costs the DUT"),
                      number("foreign", 0, 0, "share of the DUT's CPU that others use"),
                      number("foreign_until_s", 1e9, 0, "simulated time at which they end"),
                      {.name = "seed",
                       .default_value = std::int64_t{1},
                       .choices = {},
                       .min = 0,
                       .max = {},
                       .help = "of the noise"}},
          .probe = [] { return std::string(); },
          .make = [] { return std::make_unique<SimulatedTestbed>(); },
          .simulated = true};
}

}  // namespace pktbench::testbed
