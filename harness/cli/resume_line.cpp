#include "harness/cli/resume_line.hpp"

#include "harness/sys/caller.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::cli {

std::string resume_line(const RunArguments& arguments, const std::string& dir) {
  std::string line = sys::called_as() + " run";
  const auto add = [&](const std::string& option, const std::string& value) {
    // A value that looks like an option has to be tied to its own.
    line += " " + option + (value.starts_with('-') ? "=" : " ") + shell_word(value);
  };
  add("--resume", dir);
  for (const std::string& pci : arguments.allowed_pci) add("--allow", pci);
  for (const std::string& port : arguments.i_know_this_is) add("--i-know-this-is", port);
  return line;
}

}  // namespace pktbench::cli
