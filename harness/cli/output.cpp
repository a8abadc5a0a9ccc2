#include "harness/cli/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "harness/cli/exit_status.hpp"

namespace pktbench::cli {

namespace {

// errno, or 0.
int write_to_stdout(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    done += static_cast<std::size_t>(n);
  }
  // Some file systems tell of a full disk only then.
  const int copy = dup(STDOUT_FILENO);
  return copy < 0 || close(copy) != 0 ? errno : 0;
}

}  // namespace

int print_result(const std::string& text, int status) {
  const int error = write_to_stdout(text);
  if (error == 0 || error == EPIPE) return status;
  return report_error(system_error("the result cannot be written to stdout", error));
}

Terminal stdout_terminal() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  constexpr std::size_t kNarrowest = 40;
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  Terminal made;
  made.colour = terminal && set("NO_COLOR").empty() && set("TERM") != "dumb";
  const std::string_view columns = set("COLUMNS");
  winsize size{};
  if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    made.columns = size.ws_col ? size.ws_col : 80;
  std::from_chars(columns.data(), columns.data() + columns.size(), made.columns);
  if (made.columns > 0) made.columns = std::max(made.columns, kNarrowest);
  return made;
}

}  // namespace pktbench::cli
