// A backend: one way of receiving packets. Crossed per trial, never per packet.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/counters.hpp"
#include "harness/core/delays.hpp"
#include "harness/core/options.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/core/traffic.hpp"
#include "harness/core/units.hpp"

namespace pktbench {

// Where a workload that forwards sends its frames.
struct Hop {
  Port out;                       // the DUT's second port
  MacAddress next{};              // of the port at the other end of its wire
  std::uint32_t destination = 0;  // the IPv4 address that the frames are for, in host byte order
};

struct BackendConfig {
  Port port;
  std::string workload;         // one of the backend's own list
  TrafficSpec traffic;          // what will come
  std::uint32_t trial_tag = 0;  // frames without it are foreign
  Options options;
  std::vector<std::uint16_t> filter_ports = {kTestUdpPort};  // of `filter`: those it takes out
  bool stamped = false;  // frames say when they were due: it is a DelayRecorder, and counts by that
  Stamp stamp = Stamp::software;  // of those
  std::optional<Hop> hop = {};    // of a workload that forwards
};

// What was obtained, read back from the kernel or library rather than assumed.
struct EffectiveMode {
  std::string requested;
  std::string effective;
  std::map<std::string, std::string> details;
};

// Threads: one controlling thread calls these; a backend with a user-space loop runs it on threads
// of its own, pinned to `port.cpus`. start() and stop() may enter the port's namespace and return
// in the caller's.
class Backend {
 public:
  virtual ~Backend() = default;

  // The PCI function that start() would take from the kernel; empty: none.
  virtual std::string takes(const BackendConfig& /*config*/) const { return {}; }

  // Ready to receive when it returns. Errors: `unsupported` with the reason where this port, kernel
  // or build cannot do it; nothing stays behind on error.
  virtual Result<EffectiveMode> start(const BackendConfig& config) = 0;

  // Monotonic since start(). Called between windows, not inside them.
  virtual Result<Counters> sample() = 0;

  // Threads that do the DUT's work in user space, for the CPU accounting. Empty for kernel paths.
  virtual std::vector<pid_t> threads() const { return {}; }

  // Ids of the BPF programs of its own that the frames run through. Empty: none.
  virtual std::vector<std::uint32_t> programs() const { return {}; }

  // Of a workload that forwards: frames come to the way out by XDP's redirect, for which many
  // drivers want a program there.
  virtual bool redirects_out() const { return false; }

  // Detaches everything. Idempotent.
  virtual void stop() noexcept = 0;
};

}  // namespace pktbench
