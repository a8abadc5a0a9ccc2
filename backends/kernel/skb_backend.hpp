// What the backends have in common whose BPF program counts skbs.
//
// One skb is one frame, so nothing may merge frames before: that is the kernel's default for UDP
// (GRO merges it only where rx-udp-gro-forwarding is on or a socket asks for it).
#pragma once

#include <string>
#include <vector>

#include "backends/common/clean_start.hpp"
#include "harness/sys/xdp_hook.hpp"

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
  sys::ProgramInfo program_;  // this and the map are set by attach()
  int counters_ = -1;         // the map; < 0: not started

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override;
  // REQUIRES: the calling thread is in the port's namespace.
  virtual Result<EffectiveMode> attach(const BackendConfig& config) = 0;

  bool queue_is_recorded_ = false;
};

}  // namespace pktbench::kernel
