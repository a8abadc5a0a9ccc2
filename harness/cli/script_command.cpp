#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"
#include "harness/sys/installation.hpp"
#include "harness/sys/own_path.hpp"

namespace pktbench::cli {

int become_script(const std::string& script, const ScriptArguments& arguments) {
  // Debian's own: another one in PATH would lack Debian's modules.
  constexpr const char* kPython = "/usr/bin/python3";
  const auto path = sys::find_data(script);
  if (!path) return report_error(path.error());
  if (auto own = sys::open_own(*path); !own)
    return report_error(
        make_error(own.error().code, script + " is not run: " + own.error().message));
  std::vector<std::string> words = {kPython, "-B", *path};  // no bytecode of root's beside it
  for (const auto& [option, value] : arguments.options)
    if (!value.empty()) words.push_back(option + "=" + value);
  words.push_back("--");
  words.insert(words.end(), arguments.words.begin(), arguments.words.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(kPython, argv.data());
  return report_error(
      system_error(std::string("execute ") + kPython + " (package python3), for " + script, errno));
}

int lab_command(ScriptArguments arguments) {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return report_error(system_error("read /proc/self/exe", failed.value()));
  arguments.words.insert(arguments.words.begin(), program.string());
  return become_script("scripts/lab", arguments);
}

}  // namespace pktbench::cli
