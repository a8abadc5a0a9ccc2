#include "harness/sys/sysfs.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <thread>

#include "harness/sys/netns.hpp"

namespace pktbench::sys {

Result<void> with_sysfs_of(const std::string& netns, const std::function<Result<void>()>& work) {
  Result<void> result;
  std::thread([&] {
    result = [&]() -> Result<void> {
      if (unshare(CLONE_NEWNS) != 0) return system_error("unshare the mounts", errno);
      if (mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0)
        return system_error("make the mounts private", errno);
      auto inside = NetnsScope::enter(netns);
      if (!inside) return inside.error();
      // EBUSY: what is there shows this very namespace.
      if (mount("sysfs", "/sys", "sysfs", 0, nullptr) != 0 && errno != EBUSY)
        return system_error("mount sysfs for " + netns, errno);
      return work();
    }();
  }).join();
  return result;
}

}  // namespace pktbench::sys
