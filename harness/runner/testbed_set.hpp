// A scenario's testbeds, all of one type, and the CPU accounting of each.
//
// Threads: one controlling thread. Only the accounting of the testbed that is measured runs, so
// that none is in another's way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/core/registry.hpp"
#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/live/observer.hpp"
#include "harness/runner/scenario.hpp"

namespace pktbench {

class TestbedSet {
 public:
  struct Meter {
    CpuMeter* meter = nullptr;  // null: none runs
    std::string missing = {};   // why there is none at all
    bool running = false;
  };

  // All of them, or none: on error those that were made are undone. `set_up`: which of the run's.
  Result<void> up(const TestbedType& type, const Scenario& scenario, int set_up);

  // All of the below REQUIRE: up() succeeded.
  Testbed& at(std::size_t index) { return *testbeds_.at(index); }
  Testbeds all() const;

  Result<void> start_meters();

  // Sees that testbed `index` is accounted for, or, without telemetry, that nothing is.
  Result<Meter> meter_for_trial(std::size_t index, bool telemetry);
  Result<void> trial_ended(std::size_t index);

  // Whatever was lent to user space.
  Result<void> take_back();

  // The first error; all are undone as far as that goes.
  Result<void> down() noexcept;

 private:
  static Result<void> switch_to(Meter& meter, bool on);

  std::vector<std::unique_ptr<Testbed>> testbeds_;
  std::vector<std::string> labels_;  // one for each testbed, as of the below
  std::vector<Meter> meters_;
};

}  // namespace pktbench
