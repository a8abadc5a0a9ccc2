// What the backend and its helper program say to each other over a SOCK_SEQPACKET pair, one struct
// a message: Setup and then one Ready; then Requests, each sample answered with a Sample. The end
// of file is a request to stop.
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

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::uint32_t kMaxQueues = 16;

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
  bool yield = false;  // on a poll that returned nothing
  bool pump = false;
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

enum class Request : std::uint32_t { sample = 1, stop = 2 };

// Since Ready.
struct Sample {
  struct Queue {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  } queues[kMaxQueues];
  struct Drop {
    char place[32] = {};  // empty ends them
    std::uint64_t frames = 0;
  } drops[4];
};

static_assert(std::is_trivially_copyable_v<Setup> && std::is_trivially_copyable_v<Ready> &&
              std::is_trivially_copyable_v<Sample>);

// Cut where it is too long.
template <std::size_t N>
void put(char (&to)[N], const std::string& text) {
  std::snprintf(to, N, "%s", text.c_str());
}

}  // namespace pktbench::dpdk
