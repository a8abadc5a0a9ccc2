// Processes by what /proc says of them.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace pktbench::sys {

// Their folders in /proc.
std::vector<std::filesystem::path> processes();

// Processes, kernel threads among them, whose name begins with `prefix`.
std::vector<pid_t> threads_named(const std::string& prefix);

}  // namespace pktbench::sys
