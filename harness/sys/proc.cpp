#include "harness/sys/proc.hpp"

#include "harness/sys/file.hpp"

namespace pktbench::sys {

std::vector<std::filesystem::path> processes(const std::filesystem::path& procfs,
                                             std::error_code* error) {
  auto found = entries_of(procfs, error);
  std::erase_if(found, [](const std::filesystem::path& entry) {
    return entry.filename().string().find_first_not_of("0123456789") != std::string::npos;
  });
  return found;
}

std::vector<pid_t> threads_named(const std::string& prefix) {
  std::vector<pid_t> threads;
  for (const auto& process : processes()) {
    const auto name = read_file(process / "comm");
    if (name && name->starts_with(prefix)) threads.push_back(std::stoi(process.filename()));
  }
  return threads;
}

}  // namespace pktbench::sys
