#include "harness/sys/detached_mount.hpp"

#include <sys/mount.h>

#include <cerrno>

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

}  // namespace pktbench::sys
