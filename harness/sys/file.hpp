// Small kernel files: sysfs, procfs.
#pragma once

#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// The whole content without the trailing newline.
Result<std::string> read_file(const std::string& path);

// The integer at the beginning of the file; nothing but a unit may follow.
Result<long> read_number(const std::string& path);

// That of row `key` of a table: "key: 12 kB", "key 12".
Result<long> read_number(const std::string& path, const std::string& key);

// One write() of the whole text; the error is that of the kernel, as sysfs reports it.
Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace pktbench::sys
