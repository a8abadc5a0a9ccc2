#include "harness/sys/standard_streams.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace pktbench::sys {
namespace {

// Of a process that was started with these closed: where its first file is.
int first_file_without(std::initializer_list<int> closed) {
  const pid_t child = fork();
  if (child == 0) {
    for (int fd : closed) close(fd);
    open_standard_streams();
    for (int fd : {0, 1, 2})
      if (fcntl(fd, F_GETFD) < 0) _exit(100);
    if (write(STDOUT_FILENO, "", 0) < 0) _exit(101);
    _exit(open("/dev/null", O_RDONLY));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardStreams, NoFileTakesTheirNumbers) {
  for (const auto& closed : {std::initializer_list<int>{}, {0}, {1}, {2}, {0, 2}, {0, 1, 2}})
    EXPECT_GE(first_file_without(closed), 3);
}

}  // namespace
}  // namespace pktbench::sys
