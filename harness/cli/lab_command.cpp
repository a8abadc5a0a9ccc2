#include <filesystem>

#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/script_command.hpp"

namespace pktbench::cli {

int lab_command(const LabArguments& arguments) {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return report_error(system_error("read /proc/self/exe", failed.value()));
  std::vector<std::string> words;
  for (const auto& [option, value] : arguments.options)
    if (!value.empty()) words.insert(words.end(), {option, value});
  words.insert(words.end(), {"--", program.string()});
  words.insert(words.end(), arguments.command.begin(), arguments.command.end());
  return become_script("scripts/lab", words);
}

}  // namespace pktbench::cli
