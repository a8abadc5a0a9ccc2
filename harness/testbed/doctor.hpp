// `pktbench doctor`: from facts to findings. Each check is a pure function; what could not be read
// is a finding of its own, "unknown" with the reason.
//
// Threads: values, no sharing. Errors: none.
#pragma once

#include <string>
#include <vector>

#include "harness/testbed/doctor_facts.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench {

enum class Severity { info, warn, error };

// What `doctor --apply` sets, and how it is undone.
struct Setting {
  std::string device;  // empty: `name` is the path of a file of the kernel
  std::string name;    // or a setting of harness/undo/device_setting.hpp
  std::string value;
};

struct Finding {
  Severity severity = Severity::info;
  std::string check;     // "ring-sizes"
  std::string seen;      // what was seen
  std::string why;       // why it matters
  std::string fix;       // the command; empty: nothing to do
  bool unknown = false;  // it could not be read: `seen` is the reason
  std::vector<Setting> settings;
};

std::vector<Finding> check_host(const HostFacts& facts);
std::vector<Finding> check_port(const PortFacts& port, const HostFacts& host);

// The largest MTU that a frame of one buffer allows XDP on any driver: a page less XDP's headroom
// (256), the kernel's shared info (320), the Ethernet header, two VLAN tags and the FCS.
inline constexpr unsigned kLargestXdpMtu = 4096 - 256 - 320 - 14 - 8 - 4;

// Sets what the findings ask for and is not so already; each recorded in `journal` first and read
// back. One that fails is left as it was, and does not stop the others. Errors: the journal's.
Result<std::vector<Applied>> apply_settings(const std::vector<Finding>& findings,
                                            undo::Journal& journal);

}  // namespace pktbench
