#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/sys/own_path.hpp"

namespace pktbench::cli {

namespace {

// Of a build in its checkout, or as installed.
std::string find_script(const std::filesystem::path& program) {
  const std::filesystem::path above = program.parent_path().parent_path();
  for (const char* place : {"scripts/lab", "share/pktbench/scripts/lab"}) {
    std::error_code ignored;
    if (std::filesystem::exists(above / place, ignored)) return above / place;
  }
  return "";
}

}  // namespace

int lab_command(const LabArguments& arguments) {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  const std::string script = failed ? "" : find_script(program);
  if (script.empty())
    return report_error(
        make_error(ErrorCode::refused, "scripts/lab is neither in the checkout of " +
                                           program.string() + " nor installed beside it"));
  if (auto own = sys::open_own(script); !own)
    return report_error(make_error(own.error().code, "the lab is not run: " + own.error().message));
  std::vector<std::string> words = {script};
  for (const auto& [option, value] : arguments.options)
    if (!value.empty()) words.insert(words.end(), {option, value});
  words.insert(words.end(), {"--", program.string()});
  words.insert(words.end(), arguments.command.begin(), arguments.command.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(script.c_str(), argv.data());
  return report_error(system_error("execute " + script, errno));
}

}  // namespace pktbench::cli
