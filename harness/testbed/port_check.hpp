// Whether a port is still there and up, whatever others did to it.
#pragma once

#include <string>
#include <vector>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench::testbed {

// Of those that are there, the names of the ports that were set down.
struct PortsFound {
  std::vector<std::string> gone;  // deleted, renamed, or moved to another namespace
  std::vector<std::string> down;
};

// A device with the port's name and another index is not the port.
Result<PortsFound> look_at(const std::vector<Port>& ports);

// "pbdut0 was set down; it is up again", one for each.
std::vector<std::string> up_again(const std::vector<std::string>& names);

}  // namespace pktbench::testbed
