// Small kernel files: sysfs, procfs.
#pragma once

#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// The whole content without the trailing newline.
Result<std::string> read_file(const std::string& path);

// One write() of the whole text; the error is that of the kernel, as sysfs reports it.
Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace pktbench::sys
