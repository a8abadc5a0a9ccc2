// The port of one end of a testbed's wiring: a network device, where it lives, and who may work for
// it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/counters.hpp"
#include "harness/core/delays.hpp"

namespace pktbench {

using MacAddress = std::array<std::uint8_t, 6>;

// The simulated testbed's device: no packets, but counts that follow a known truth. Absent on every
// real port. Threads: the controlling thread only.
class VirtualDevice {
 public:
  virtual ~VirtualDevice() = default;
  // The simulated clock, which only the trial loop moves.
  virtual std::uint64_t now_ns() const = 0;
  // `frames` of `bytes` in all arrive, spread evenly over `over_ns` and over `flows`.
  virtual void deliver(std::uint64_t frames, std::uint64_t bytes, std::uint64_t over_ns,
                       std::uint32_t flows) = 0;
  // What it truly handed to the backend since it was made, by queue too.
  virtual Counters received() const = 0;
  // How late they were, of all queues together.
  virtual DelayCounts delays() const = 0;
};

// A description, owned by the testbed; valid until its down(). Copied freely.
struct Port {
  std::string name;        // "pbdut0"
  unsigned ifindex = 0;    // in its own namespace
  std::string netns_path;  // "/run/netns/pktbench0-dut"; empty: the caller's own namespace
  MacAddress mac{};
  std::uint32_t ipv4 = 0;  // host byte order
  unsigned queues = 1;     // RX queues in use
  std::vector<int> cpus;   // CPUs of this host that work for it, by queue; here() has one at least
  // Where the receiving thread drives NAPI itself: the socket to do it with (harness/sys/pump.hpp).
  int pump_fd = -1;
  // Where no device is between the ends: what is (harness/sys/memory_wire.hpp).
  int wire_fd = -1;
  std::string pci;  // "0000:01:00.0"; empty: on no PCI bus
  // What the link can carry; none and no reason: the testbed has no link whose rate would matter.
  std::optional<double> link_bps;
  std::string link_unknown;  // why it is not known
  std::shared_ptr<VirtualDevice> device;

  // REQUIRES: here(). Queues take turns where there are fewer CPUs.
  int cpu_of_queue(std::size_t queue) const { return cpus[queue % cpus.size()]; }

  // On this host: what it is can be asked of the kernel here.
  bool here() const { return !cpus.empty(); }
};

}  // namespace pktbench
