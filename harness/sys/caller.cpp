#include "harness/sys/caller.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/lexical_cast/try_lexical_convert.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <system_error>

#include "harness/text/clean_text.hpp"

namespace pktbench::sys {

namespace {

std::optional<id_t> id_from(const char* variable) {
  const char* text = std::getenv(variable);
  id_t id = 0;
  // The largest one means "leave it as it is" to chown().
  if (!text || !boost::conversion::try_lexical_convert(text, id) || fmt::to_string(id) != text ||
      id == std::numeric_limits<id_t>::max())
    return std::nullopt;
  return id;
}

}  // namespace

std::optional<Caller> sudo_caller() {
  if (geteuid() != 0) return std::nullopt;
  const auto uid = id_from("SUDO_UID");
  const auto gid = id_from("SUDO_GID");
  if (!uid || !gid || *uid == 0) return std::nullopt;
  return Caller{*uid, *gid};
}

std::string called_as() {
  return (sudo_caller() ? "sudo " : "") + shell_word(program_invocation_name);
}

void give_to_caller(int fd) {
  const auto caller = sudo_caller();
  struct stat made {};
  if (!caller || fstat(fd, &made) != 0 || made.st_uid != 0) return;
  std::error_code error;  // then it is not called empty
  if (S_ISDIR(made.st_mode) &&
      !std::filesystem::is_empty(fmt::format("/proc/self/fd/{}", fd), error))
    return;
  (void)!fchownat(fd, "", caller->uid, caller->gid, AT_EMPTY_PATH);
}

}  // namespace pktbench::sys
