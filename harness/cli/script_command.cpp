#include "harness/cli/script_command.hpp"

#include <unistd.h>

#include <cerrno>

#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/sys/installation.hpp"
#include "harness/sys/own_path.hpp"

namespace pktbench::cli {

int become_script(const std::string& script, const std::vector<std::string>& words) {
  // Debian's own: another one in PATH would lack Debian's modules.
  constexpr const char* kPython = "/usr/bin/python3";
  const auto path = sys::find_data(script);
  if (!path) return report_error(path.error());
  if (auto own = sys::open_own(*path); !own)
    return report_error(
        make_error(own.error().code, script + " is not run: " + own.error().message));
  std::vector<std::string> all = {kPython, "-B", *path};  // no bytecode of root's beside it
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(kPython, argv.data());
  return report_error(
      system_error(std::string("execute ") + kPython + " (package python3), for " + script, errno));
}

int plots_command(const PlotsArguments& arguments) {
  std::vector<std::string> words;
  if (!arguments.out.empty()) words.push_back("--out=" + arguments.out);
  if (!arguments.formats.empty()) words.push_back("--format=" + arguments.formats);
  words.insert(words.end(), {"--", arguments.run});
  return become_script("plots/__main__.py", words);
}

int validate_command(const ValidateArguments& arguments) {
  std::vector<std::string> words = {"--"};
  words.insert(words.end(), arguments.files.begin(), arguments.files.end());
  return become_script("results/schema/validate.py", words);
}

}  // namespace pktbench::cli
