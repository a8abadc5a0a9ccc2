// Processes by what /proc says of them.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace pktbench::sys {

// Their folders in `procfs`; `error` as of entries_of().
std::vector<std::filesystem::path> processes(const std::filesystem::path& procfs = "/proc",
                                             std::error_code* error = nullptr);

// Processes, kernel threads among them, whose name begins with `prefix`.
std::vector<pid_t> threads_named(const std::string& prefix);

}  // namespace pktbench::sys
