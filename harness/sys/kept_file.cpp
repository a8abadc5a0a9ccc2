#include "harness/sys/kept_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "harness/sys/caller.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/write_all.hpp"

namespace pktbench::sys {

Result<void> keep_file(const std::string& dir, const std::string& name, const std::string& text) {
  const bool made = mkdir(dir.c_str(), 0777) == 0;
  const int why = made ? 0 : errno;
  const Fd at(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (made ? O_NOFOLLOW : 0)));
  if (!at)
    return system_error((why == EEXIST ? "open directory " : "make directory ") + dir,
                        why == EEXIST ? errno : why);
  if (made) give_to_caller(at.get());
  const std::string temp = "." + name + ".tmp";
  unlinkat(at.get(), temp.c_str(), 0);
  const Fd file(
      openat(at.get(), temp.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (file) give_to_caller(file.get());
  int error = file ? write_all(file.get(), text) : errno;
  if (error == 0 && fsync(file.get()) != 0) error = errno;
  if (error == 0 && renameat(at.get(), temp.c_str(), at.get(), name.c_str()) != 0) error = errno;
  if (error != 0) {
    if (file) unlinkat(at.get(), temp.c_str(), 0);
    return system_error("write " + dir + "/" + name, error);
  }
  if (fsync(at.get()) != 0) return system_error("sync " + dir, errno);
  return {};
}

}  // namespace pktbench::sys
