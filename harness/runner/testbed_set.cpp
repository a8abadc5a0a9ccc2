#include "harness/runner/testbed_set.hpp"

#include <algorithm>
#include <utility>

#include "harness/core/lookup.hpp"
#include "harness/record/comparable.hpp"

namespace pktbench {

Result<void> TestbedSet::up(const TestbedType& type, const Scenario& scenario, int set_up) {
  const auto make = [&](const TestbedChoice& choice) -> Result<void> {
    auto testbed = type.make();
    Options options = choice.options;
    options[kSetUp] = std::int64_t{set_up};
    if (auto r = testbed->up(options, scenario.queues); !r) return r;
    testbeds_.push_back(std::move(testbed));
    labels_.push_back(choice.label);
    const TestbedChoice& first = scenario.testbeds.front();
    const Comparable wanted = comparable_of(*testbeds_.front(), first.options);
    for (const auto& [what, value] : comparable_of(*testbeds_.back(), choice.options))
      if (const std::string& other = wanted.at(what); value != other)
        return make_error(ErrorCode::invalid_input,
                          "testbed " + choice.label + " has " + what + " " + value +
                              " and testbed " + first.label + " has " + other +
                              ", which are never compared: give them the same one");
    return {};
  };
  for (const TestbedChoice& choice : scenario.testbeds) {
    auto made = make(choice);
    if (made) continue;
    Error error = made.error();
    if (auto undone = down(); !undone) error.detail += undone.error().message;
    return error;
  }
  return {};
}

Testbeds TestbedSet::all() const {
  Testbeds all;
  for (std::size_t i = 0; i < testbeds_.size(); ++i)
    all.push_back({labels_[i], testbeds_[i].get()});
  return all;
}

Result<void> TestbedSet::switch_to(Meter& meter, bool on) {
  if (!meter.meter || meter.running == on) return {};
  if (auto r = on ? meter.meter->resume() : meter.meter->pause(); !r) return r;
  meter.running = on;
  return {};
}

Result<void> TestbedSet::start_meters() {
  for (const auto& testbed : testbeds_) {
    std::vector<int> cpus = testbed->generator().port().cpus;
    for (const int cpu : testbed->dut().port().cpus)
      if (!contains(cpus, cpu)) cpus.push_back(cpu);
    CpuMeter& meter = testbed->cpu_meter();
    const auto started = meter.start(cpus);
    // Without it there is no cycle figure, but frames are counted all the same.
    if (!started && started.error().code != ErrorCode::unsupported) return started.error();
    meters_.push_back(started ? Meter{&meter, "", true} : Meter{nullptr, started.error().message});
    if (auto r = trial_ended(meters_.size() - 1); !r) return r;
  }
  return {};
}

Result<TestbedSet::Meter> TestbedSet::meter_for_trial(std::size_t index, bool telemetry) {
  Meter& meter = meters_.at(index);
  if (auto r = switch_to(meter, telemetry); !r) return r.error();
  return Meter{telemetry ? meter.meter : nullptr, meter.missing, telemetry};
}

// The only one goes on: there is none in whose way it would be.
Result<void> TestbedSet::trial_ended(std::size_t index) {
  return switch_to(meters_.at(index), testbeds_.size() == 1);
}

Result<void> TestbedSet::take_back() {
  Result<void> first;
  for (const auto& testbed : testbeds_)
    if (auto taken = testbed->lend(""); !taken && first) first = taken;
  return first;
}

Result<void> TestbedSet::down() noexcept {
  Result<void> first;
  // In the reverse order, as each found what the ones before it had changed.
  for (auto testbed = testbeds_.rbegin(); testbed != testbeds_.rend(); ++testbed)
    if (auto down = (*testbed)->down(); !down && first) first = down;
  return first;
}

}  // namespace pktbench
