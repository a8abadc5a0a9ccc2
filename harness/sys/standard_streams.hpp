// Descriptors 0 to 2 of a process that was started with one of them closed.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <initializer_list>

namespace pktbench::sys {

// The first thing that main() does: else the next file that is opened, a record of trials or a
// lock, would be taken for stdout or stderr. What was closed stays silent.
inline void open_standard_streams() {
  int fd = 0;
  do fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO) {
    close(fd);
    return;
  }
  // Without /dev/null: nothing may be opened while one of them is free.
  for (int each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(each, F_GETFD) < 0) _exit(EXIT_FAILURE);
}

}  // namespace pktbench::sys
