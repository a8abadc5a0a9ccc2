#include "harness/cli/output.hpp"

#include <unistd.h>

#include <cerrno>

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

}  // namespace pktbench::cli
