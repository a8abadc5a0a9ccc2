#include "harness/undo/host_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "harness/sys/file.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::undo {

Result<HostLock> lock_host(const std::string& purpose, const std::string& dir) {
  if (auto r = make_state_directory(dir); !r) return r.error();
  const std::string path = dir + "/lock";
  // Children must not inherit it: they would keep it after this process has died.
  sys::Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return system_error("open " + path, errno);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("lock " + path, errno);
    const auto holder = sys::read_file(path);
    return make_error(ErrorCode::refused,
                      "another pktbench is at work on this host ({}); wait for it or end it",
                      holder ? *holder : "");
  }
  const std::string text = fmt::format("process {}, {}\n", getpid(), clean_line(purpose));
  if (ftruncate(file.get(), 0) != 0 ||
      pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return system_error("write " + path, errno);
  return file;
}

}  // namespace pktbench::undo
