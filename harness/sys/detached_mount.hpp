// File systems of one's own that are attached nowhere: they need no mount namespace, whose mounts
// could not be made private in a plain chroot, and nobody else sees them.
#pragma once

#include <boost/algorithm/string/replace.hpp>
#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::sys {

// Its root, whose path() is as this process knows it; the file system goes with the descriptor. Of
// the calling thread's network namespace, where the file system shows one. `type`: "sysfs".
Result<Fd> detached_mount(const char* type);

// What `work` returns, a Result, in the network namespace `netns` (a path; empty: the caller's own)
// with the root of a sysfs that shows its devices: sysfs shows those of the namespace it was
// mounted in, wherever /sys is and whatever it shows.
template <class Work>
auto with_sysfs_of(const std::string& netns, Work work) -> decltype(work(std::string())) {
  auto inside = NetnsScope::enter(netns);
  if (!inside) return inside.error();
  const auto mounted = detached_mount("sysfs");
  if (!mounted) return mounted.error();
  auto done = work(mounted->path());
  if (done) return done;
  // The reader knows it as /sys.
  Error error = done.error();
  boost::replace_first(error.message, mounted->path() + "/", "/sys/");
  return error;
}

}  // namespace pktbench::sys
