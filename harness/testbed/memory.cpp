#include "harness/testbed/memory.hpp"

#include <optional>
#include <utility>

#include "harness/measure/cpu_meter.hpp"
#include "harness/sys/memory_wire.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/testbed/two_cpus.hpp"
#include "harness/testbed/wall_clock.hpp"

namespace pktbench::testbed {

namespace {

class MemoryTestbed final : public Testbed {
 public:
  Result<void> up(const Options& options, unsigned queues) override {
    auto cpus = choose_two_cpus(options, "memory");
    if (!cpus) return cpus.error();
    auto wire = sys::make_wire(cpus->generator);
    if (!wire) return wire.error();
    wire_ = std::move(*wire);
    generator_.name = dut_.name = "memory";
    generator_.cpus = {cpus->generator};
    dut_.cpus = {cpus->dut};
    generator_.mac = {2, 0, 0, 0, 0, 1};
    dut_.mac = {2, 0, 0, 0, 0, 2};
    // As on veth, so that the frames are the same.
    generator_.ipv4 = kGeneratorAddress;
    dut_.ipv4 = kDutAddress;
    generator_.wire_fd = dut_.wire_fd = wire_.get();
    generator_.queues = dut_.queues = queues;
    return {};
  }
  const Port& generator_port() const override { return generator_; }
  const Port& dut_port() const override { return dut_; }
  Result<std::vector<pid_t>> settle(bool) override { return std::vector<pid_t>{}; }
  Result<std::vector<pid_t>> take_returned(std::uint32_t trial_tag) override;
  Result<Returned> returned() override;
  void release_returned() noexcept override { mapped_.reset(); }
  // Nothing is between the ends that could drop: what finds no room is offered again.
  Result<DropCounts> sample() override { return DropCounts{}; }
  std::string receive_drop_place() const override { return "memory"; }
  std::vector<int> dut_softirq_cpus() const override { return {}; }
  Clock& clock() override { return clock_; }
  CpuMeter& cpu_meter() override { return *meter_; }
  std::string arrangement() const override { return ""; }
  Result<void> down() noexcept override {
    mapped_.reset();
    wire_.reset();
    generator_.wire_fd = dut_.wire_fd = -1;
    return {};
  }

 private:
  WallClock clock_;
  std::unique_ptr<CpuMeter> meter_ = measure::make_cpu_meter();
  sys::Fd wire_;
  std::optional<sys::WireMapping> mapped_;  // where frames that come back are counted
  Returned before_;
  Port generator_;
  Port dut_;
};

// The sender counts them, by the tag and address of the frame that the source gives it.
Result<std::vector<pid_t>> MemoryTestbed::take_returned(std::uint32_t) {
  auto mapped = sys::WireMapping::map(wire_.get());
  if (!mapped) return mapped.error();
  mapped_.emplace(std::move(*mapped));
  before_ = {};
  before_ = *returned();
  const pid_t sender = (*mapped_)->sender.load();
  return sender > 0 ? std::vector{sender} : std::vector<pid_t>{};
}

Result<Returned> MemoryTestbed::returned() {
  if (!mapped_) return make_error(ErrorCode::failed, "nothing takes the frames that come back");
  Returned now;
  now.packets = (*mapped_)->returned.load() - before_.packets;
  now.strays = (*mapped_)->strays.load() - before_.strays;
  return now;
}

}  // namespace

TestbedType memory_testbed() {
  return {.name = "memory",
          .summary = "two CPUs and no device: what a receiving loop can do by itself",
          .touches_host = true,
          .is_virtual = true,
          .options = {generator_cpu_option(),
                      dut_cpu_option("CPU of the DUT's application; -1: the last")},
          .probe = probe_two_cpus,
          .make = [] { return std::make_unique<MemoryTestbed>(); },
          .medium = Medium::memory};
}

}  // namespace pktbench::testbed
