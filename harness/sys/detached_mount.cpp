#include "harness/sys/detached_mount.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <utility>

#include "harness/sys/netns.hpp"

namespace pktbench::sys {

Result<Fd> detached_mount(const char* type) {
  const std::string what = std::string("make a ") + type;
  const Fd filesystem(fsopen(type, FSOPEN_CLOEXEC));
  if (!filesystem || fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return system_error(what, errno);
  Fd root(fsmount(filesystem.get(), FSMOUNT_CLOEXEC,
                  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  if (!root) return system_error(what, errno);
  return root;
}

Result<void> with_sysfs_of(const std::string& netns,
                           const std::function<Result<void>(const std::string& sysfs)>& work) {
  auto inside = NetnsScope::enter(netns);
  if (!inside) return inside.error();
  const auto mounted = detached_mount("sysfs");
  if (!mounted) return mounted.error();
  auto done = work(mounted->path());
  if (done) return done;
  // The reader knows it as /sys.
  Error error = done.error();
  const std::string path = mounted->path() + "/";
  if (const auto at = error.message.find(path); at != std::string::npos)
    error.message.replace(at, path.size(), "/sys/");
  return error;
}

}  // namespace pktbench::sys
