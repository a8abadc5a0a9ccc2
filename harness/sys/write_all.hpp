// As many write() as a text takes.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>

namespace pktbench::sys {

// errno of the one that failed, or 0.
inline int write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    done += static_cast<std::size_t>(n);
  }
  return 0;
}

}  // namespace pktbench::sys
