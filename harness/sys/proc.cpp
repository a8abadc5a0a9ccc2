#include "harness/sys/proc.hpp"

#include <filesystem>

#include "harness/sys/file.hpp"

namespace pktbench::sys {

std::vector<pid_t> threads_named(const std::string& prefix) {
  namespace fs = std::filesystem;
  std::vector<pid_t> threads;
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const std::string pid = it->path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    auto name = read_file(it->path() / "comm");
    if (name && name->starts_with(prefix)) threads.push_back(std::stoi(pid));
  }
  return threads;
}

}  // namespace pktbench::sys
