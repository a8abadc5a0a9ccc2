#include "harness/sys/called_as.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "harness/text/clean_text.hpp"

namespace pktbench::sys {

std::string called_as() {
  const char* user = std::getenv("SUDO_UID");
  const bool by_sudo = geteuid() == 0 && user && *user && std::string_view(user) != "0";
  return (by_sudo ? "sudo " : "") + shell_word(program_invocation_name);
}

}  // namespace pktbench::sys
