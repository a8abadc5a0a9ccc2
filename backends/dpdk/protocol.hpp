// What the backend and its helper program say to each other over a SOCK_SEQPACKET pair, one struct
// a message: Setup and then one Ready; then Requests, each but `stop` answered with a Sample. The
// end of file is a request to stop.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <type_traits>

#include "bpf/workload.h"

namespace pktbench::dpdk {

// Of the helper, as it is started. The second is the pump's or the wire's where Setup has one; in
// the third is a pb_stamps (bpf/stamp.h) for each queue where frames are stamped.
inline constexpr int kControlFd = 3;
inline constexpr int kPumpOrWireFd = 4;
inline constexpr int kStampsFd = 5;

inline constexpr std::uint32_t kVersion = 8;
inline constexpr std::uint32_t kMaxQueues = 16;

// What an lcore does when no queue of its own had a frame.
enum class Idle : std::uint32_t {
  poll,   // after Setup::spin_us, sleeps in poll() on the driver's sockets
  yield,  // gives the CPU to whoever else wants it
  spin,
  pump,  // harness/sys/pump.hpp
};
// It looks at an empty queue more than once.
constexpr bool spins(Idle idle, std::uint32_t spin_us) { return idle != Idle::poll || spin_us > 0; }

struct Setup {
  std::uint32_t version = kVersion;
  pid_t parent = 0;
  char driver[32] = {};  // "net_af_xdp", or a PCI address
  char device[16] = {};
  char out_device[16] = {};  // of a workload that forwards; else empty
  pb_hop hop{};              // and what its frames begin with
  char workload[32] = {};
  std::uint32_t trial_tag = 0;
  std::uint32_t queues = 1;
  std::uint32_t burst = 0;
  std::uint32_t descriptors = 0;
  std::uint32_t busy_budget = 0;
  std::uint32_t memory_mb = 0;
  std::uint32_t lcores = 1;  // that receive; the main lcore shares the first one's CPU
  std::int32_t cpus[kMaxQueues] = {};
  std::uint32_t frame_bytes = 60;  // without FCS; for a driver that makes its own
  bool ipv6 = false;               // the trial's frames are
  bool huge_pages = false;
  bool stamped = false;            // frames say when they were due
  bool wire = false;               // no device: harness/sys/memory_wire.hpp
  std::int32_t generator_cpu = 0;  // where there is a wire
  Idle idle = Idle::poll;
  std::uint32_t spin_us = 0;               // before it sleeps
  __u64 filter_ports[PB_PORT_WORDS] = {};  // of the workload `filter`, one bit a port
};

struct Ready {
  std::uint32_t version = kVersion;
  bool ok = false;
  bool unsupported = false;  // where not ok, as the next two
  bool eal_failed = false;   // by EAL's own start
  char error[512] = {};      // one sentence
  char driver[64] = {};
  char dpdk[64] = {};       // the library's version
  char copy_mode[16] = {};  // "copy", "zero-copy"; empty where the driver has no such choice
  std::uint32_t queues = 0;
  std::uint32_t descriptors = 0;    // 0: the driver does not tell
  pid_t tids[kMaxQueues + 1] = {};  // the main lcore's first; 0 ends them
};

struct Request {
  enum class Kind : std::uint32_t { sample, set_filtered, stop };
  Kind kind = Kind::sample;
  std::uint16_t udp_port = 0;  // of set_filtered
  bool filtered = false;
};

struct NamedCount {
  char name[32] = {};  // empty ends them
  std::uint64_t frames = 0;
};

// Since Ready.
struct Sample {
  struct Queue {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t busy_ticks = 0;  // as PollTicks
    std::uint64_t idle_ticks = 0;
  } queues[kMaxQueues];
  NamedCount drops[6];
  NamedCount details[8];
};

static_assert(std::is_trivially_copyable_v<Setup> && std::is_trivially_copyable_v<Ready> &&
              std::is_trivially_copyable_v<Request> && std::is_trivially_copyable_v<Sample>);

// "0000:03:00.0": a device that DPDK drives itself.
inline constexpr const char* kPciAddress = "[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]";
inline bool is_pci_address(const std::string& driver) {
  return driver.find(':') != std::string::npos;
}

// Cut where it is too long.
template <std::size_t N>
void put(char (&to)[N], const std::string& text) {
  std::snprintf(to, N, "%s", text.c_str());
}

}  // namespace pktbench::dpdk
