// What the backend and its helper program say to each other over a SOCK_SEQPACKET pair, one struct
// a message: Setup and then one Ready; then Requests, each but `stop` answered with a Sample. The
// end of file is a request to stop.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <type_traits>

namespace pktbench::dpdk {

// Of the helper, as it is started. kPumpFd is there only where Setup says so.
inline constexpr int kControlFd = 3;
inline constexpr int kPumpFd = 4;

inline constexpr std::uint32_t kVersion = 2;
inline constexpr std::uint32_t kMaxQueues = 16;

// What an lcore does when no queue of its own had a frame.
enum class Idle : std::uint32_t {
  poll,   // sleeps in poll() on the driver's sockets
  yield,  // gives the CPU to whoever else wants it
  spin,
  pump,  // harness/sys/pump.hpp
};

struct Setup {
  std::uint32_t version = kVersion;
  pid_t parent = 0;
  char driver[32] = {};  // "net_af_xdp"
  char device[16] = {};
  char workload[32] = {};
  std::uint32_t trial_tag = 0;
  std::uint32_t queues = 1;
  std::uint32_t burst = 0;
  std::uint32_t descriptors = 0;
  std::uint32_t busy_budget = 0;
  std::uint32_t memory_mb = 0;
  std::uint32_t lcores = 1;  // that receive; the main lcore shares the first one's CPU
  std::int32_t cpus[kMaxQueues] = {};
  bool huge_pages = false;
  Idle idle = Idle::poll;
};

struct Ready {
  std::uint32_t version = kVersion;
  bool ok = false;
  bool unsupported = false;  // where not ok
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
  } queues[kMaxQueues];
  NamedCount drops[6];
  NamedCount details[8];
};

static_assert(std::is_trivially_copyable_v<Setup> && std::is_trivially_copyable_v<Ready> &&
              std::is_trivially_copyable_v<Request> && std::is_trivially_copyable_v<Sample>);

// Cut where it is too long.
template <std::size_t N>
void put(char (&to)[N], const std::string& text) {
  std::snprintf(to, N, "%s", text.c_str());
}

}  // namespace pktbench::dpdk
