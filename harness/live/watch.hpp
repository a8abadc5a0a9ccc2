// What arrives at a device of this host, counted by an XDP program that lets every frame pass: safe
// on a device that is in use.
//
// Not seen: frames that the NIC drops before XDP, those that are sent, and VLAN tags that the NIC
// has taken out. Threads: one controlling thread, in the device's namespace.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/bpf.hpp"
#include "harness/sys/xdp_hook.hpp"

struct xdp_watch;

namespace pktbench {

struct FrameCount {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // from the Ethernet header on, without FCS

  FrameCount& operator+=(const FrameCount& other) {
    packets += other.packets;
    bytes += other.bytes;
    return *this;
  }
};

// Of each source address: "10.0.0.1", "fe80::1".
struct AddressCounts {
  std::map<std::string, FrameCount> counts;
  FrameCount without_address;  // no IP, or a header that is cut short
  FrameCount no_room;          // of addresses that came when the table was full
};

// Since the program was attached. What a CPU counts while it is read may be in it or not.
struct WatchCounts {
  double seconds = 0;
  FrameCount all;
  std::map<std::uint32_t, FrameCount>
      queues;                                // that have counted; PB_MAX_QUEUES: all from there on
  std::map<std::uint32_t, FrameCount> cpus;  // likewise
  std::map<std::pair<std::uint32_t, std::uint32_t>, FrameCount> parts;  // by queue and CPU
  std::optional<AddressCounts> addresses;
};

struct WatchOptions {
  bool fallback = false;     // the generic hook, where the driver has no native XDP
  bool per_address = false;  // costs a frame one lookup in a hash
};

// Attached while it lives, and no longer: the link is this process's, however it ends.
class Watch {
 public:
  // Errors: `invalid_input` where there is no such device; else as sys::attach_xdp().
  static Result<Watch> attach(const std::string& device, const WatchOptions& options);

  // Errors: `failed` where the device is gone, or the program was taken off it.
  Result<WatchCounts> read() const;

  // "native", "generic".
  std::string mode() const { return sys::xdp_hook_name(attached_.mode); }
  std::uint32_t program_id() const { return attached_.program.id; }

 private:
  struct Skeleton {
    void operator()(xdp_watch* skeleton) const;
  };

  std::string device_;
  unsigned ifindex_ = 0;
  std::unique_ptr<xdp_watch, Skeleton> program_;
  sys::AttachedXdp attached_;
  bool per_address_ = false;
  std::uint64_t began_ns_ = 0;
};

}  // namespace pktbench
