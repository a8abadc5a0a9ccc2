// One port of testbed `nic`: finding it, asking whether it may be used, setting it, reading what it
// lost.
//
// Threads: one controlling thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/core/port.hpp"
#include "harness/core/testbed.hpp"
#include "harness/measure/driver_counters.hpp"
#include "harness/testbed/nic_options.hpp"
#include "harness/undo/port_state.hpp"

namespace pktbench::testbed {

// A port as it was found, in the calling thread's namespace. Errors: `refused` with every reason,
// `invalid_input` where there is no such port.
struct FoundPort {
  undo::PortState state;
  PortReport report;
};
Result<FoundPort> find_port(const std::string& role, const std::string& asked,
                            const NicOptions& options);

// Sets it in the calling thread's namespace and reads it back; notes in `report` what came of it,
// in the place of what an earlier call noted. False: it is not as wanted.
bool set_port(PortReport& report, const std::string& setting, const std::string& value);

// The same with what is there, each word as `make` has it. `asked`: what is noted as wanted where
// the device has no such setting.
bool change_port(PortReport& report, const std::string& setting, const std::string& asked,
                 const std::function<std::string(const std::string& word)>& make);

// `queues` receive queues, in the calling thread's namespace. Errors: `unsupported`.
Result<void> set_queues(PortReport& report, unsigned queues);

// Errors: `failed` where the link has no carrier within 10 s.
Result<void> wait_for_carrier(const Port& port);

// Fills in what the link can carry, or why that is not known. REQUIRES: carrier.
void read_link_rate(PortReport& report, Port& port);

// What the device lost by its driver's counters, since it was made or reset. A place whose counter
// is not to be trusted is left out for good, with the reason in missing().
class DropMeter {
 public:
  DropMeter(std::string driver, measure::PortEnd end) : driver_(std::move(driver)), end_(end) {}

  // The next reading is a new beginning: the device is another one, or was reset.
  void reset() { last_.reset(); }

  // In the calling thread's namespace. `frames`: what it can have seen since the last call at most.
  Result<void> read(const Port& port, std::uint64_t frames);

  const DropCounts& drops() const { return drops_; }
  const std::map<std::string, std::string>& missing() const { return missing_; }

 private:
  std::string driver_;
  measure::PortEnd end_;
  std::optional<measure::DeviceStatistics> last_;
  DropCounts drops_;
  std::map<std::string, std::string> missing_;
};

}  // namespace pktbench::testbed
