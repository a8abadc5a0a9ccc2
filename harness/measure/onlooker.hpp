// What the ports themselves know of the frames that pass, and what kind these are: a packet socket
// that looks on for a moment. Never while a window is open.
//
// Threads: one controlling thread. May enter a port's namespace and returns in the caller's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "harness/core/clock.hpp"
#include "harness/core/port.hpp"

namespace pktbench::measure {

// What the two ends' devices count themselves, whoever's frames they are; monotonic. Empty where
// the device does not tell, or tells late.
struct PortFrames {
  std::optional<std::uint64_t> received;  // by the DUT's
  std::optional<std::uint64_t> sent;      // by the generator's
};

// Empty where a driver is not known to count each frame at once: of one that tells its count every
// second or two, the trial's own frames would look like others'.
PortFrames port_frames(const Port& generator, const Port& dut);

struct FrameKind {
  std::uint16_t type = 0;     // EtherType; below 0x600 a length (802.3)
  std::uint8_t protocol = 0;  // of IPv4 and IPv6; 0: none, or not known
  MacAddress from{};
  std::uint32_t tag = 0;  // of a test frame of pktbench; 0: it is none
  auto operator<=>(const FrameKind&) const = default;
};

// REQUIRES: nothing. What is cut short has what is there.
FrameKind kind_of(std::span<const std::uint8_t> frame);

struct Onlooker {
  std::map<FrameKind, std::uint64_t> seen;
  std::uint64_t own = 0;  // of the trial; not in `seen`
  double seconds = 0;
  std::string failed;  // why there was no looking; empty: there was
};

// What `port` receives in about 150 ms, after its carrier has come. REQUIRES: the backend is
// detached, so that frames reach the socket.
Onlooker look_at(const Port& port, std::uint32_t own_tag, Clock& clock, const StopFlag& stop);

// "IPv6 (0x86dd) from 02:00:00:00:00:01", the most frequent kinds; or that none is known, and why.
std::string kinds_text(const Onlooker& look);

}  // namespace pktbench::measure
