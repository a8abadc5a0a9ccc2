// What is counted: frames, and the places where frames were dropped.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pktbench {

// Frames dropped, by place: "veth_ring_full", "socket_buffer", ... All monotonic. A place appears
// only where its counter could be read; a frame is counted at one place at most.
using DropCounts = std::map<std::string, std::uint64_t>;

// Ticks of the TSC that the polls of a receiving loop took. What one took begins where the one
// before it ended, or where the loop woke up.
struct PollTicks {
  std::uint64_t busy = 0;  // of those that returned frames, with what brought and handled them
  std::uint64_t idle = 0;  // of those in vain

  PollTicks& operator+=(const PollTicks& other) {
    busy += other.busy;
    idle += other.idle;
    return *this;
  }
};

// What a backend has received since start(). Bytes exclude the FCS. All else of a packet that is in
// `packets` is there too; while frames come, it may be of packets that are not yet.
struct Counters {
  std::uint64_t packets = 0;  // frames of this trial that reached the workload
  std::uint64_t late = 0;     // how many of them did while sample() waited for what was queued
  std::uint64_t bytes = 0;
  std::uint64_t foreign = 0;  // frames without this trial's tag, where the backend reads the tag
  DropCounts drops;           // dropped after the device and before the workload
  // How many of those drops the device has among its own receive drops as well, as veth has every
  // redirect that failed. They are taken off there, so that each is counted once.
  std::uint64_t drops_at_device_too = 0;
  std::vector<std::uint64_t> per_queue;  // packets by RX queue; empty where not known
  // What the workload made of the packets, by workload: "malformed", "passed", ... Empty for those
  // that decide nothing. No drops: every one of these frames is in `packets`.
  std::map<std::string, std::uint64_t> details;
  // Of its loops; none: no loop of it spins on an empty ring.
  std::optional<PollTicks> polls;
};

// What a generator has sent since start(). Bytes exclude the FCS.
struct SentCounters {
  std::uint64_t packets = 0;  // frames handed to the device
  std::uint64_t bytes = 0;
  std::uint64_t unsent = 0;  // frames that were due at the target rate and were not sent
  // Attempts that the device or the socket's buffer refused for want of room, where it says so. The
  // frame is offered again and counted once it is taken: these are a sign of who holds up whom, not
  // losses.
  std::uint64_t refused = 0;
  // Frames that the device did not take, and that are gone; not in `packets`.
  std::uint64_t not_taken = 0;
};

// What a port on a wire counts at its MAC, monotonic. None: its driver does not tell.
struct MacCounts {
  std::optional<std::uint64_t> sent;    // frames that left it
  std::optional<std::uint64_t> paused;  // pause frames that held the sender: got, or sent to it
};

}  // namespace pktbench
