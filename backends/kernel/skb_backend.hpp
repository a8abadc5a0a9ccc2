// What the backends have in common whose BPF program counts skbs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/common/clean_start.hpp"
#include "backends/common/xdp_hook.hpp"

namespace pktbench::kernel {

// The name of the device's driver, in the calling thread's network namespace; empty where it does
// not tell.
std::string driver_name(const std::string& device);

// A backend whose program counts in a per-CPU map of PB_QUEUE_SLOTS counters, by queue where the
// port has one, or where the driver records the queue in each skb and all frames have it. No drops:
// frames end where they are counted.
class SkbBackend : public backends::CleanStart {
 public:
  Result<Counters> sample() override;
  std::vector<std::uint32_t> programs() const override { return {program_.id}; }

 protected:
  Port port_;
  backends::ProgramInfo program_;  // set by attach()

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override;
  // REQUIRES: the calling thread is in the port's namespace.
  virtual Result<EffectiveMode> attach(const Options& options) = 0;
  // The map; none: it is not started.
  virtual std::optional<int> counters() const = 0;

  int cpus_ = 0;
  bool queue_is_recorded_ = false;
};

}  // namespace pktbench::kernel
