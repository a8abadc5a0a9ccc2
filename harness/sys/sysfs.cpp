#include "harness/sys/sysfs.hpp"

#include "harness/sys/detached_mount.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::sys {

Result<void> with_sysfs_of(const std::string& netns,
                           const std::function<Result<void>(const std::string& sysfs)>& work) {
  auto inside = NetnsScope::enter(netns);
  if (!inside) return inside.error();
  const auto mounted = DetachedMount::make("sysfs");
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
