// What came of a change to the host that was asked for or needed (harness/undo/change.hpp).
#pragma once

#include <string>

namespace pktbench {

struct Applied {
  std::string device;   // empty: `setting` is of no network device
  std::string setting;  // of harness/undo/device_setting.hpp, or the path of a kernel file
  std::string wanted;
  std::string before;
  std::string after;   // read back
  std::string failed;  // why it is not as wanted; empty: it is
};

}  // namespace pktbench
