// A file system of one's own that is attached nowhere.
#pragma once

#include <fmt/format.h>

#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::sys {

// It needs no mount namespace, whose mounts could not be made private in a plain chroot, and
// nobody else sees it. It goes with its descriptor.
class DetachedMount {
 public:
  // Of the calling thread's network namespace, where the file system shows one. `type`: "sysfs".
  static Result<DetachedMount> make(const char* type);

  // As this process knows its root.
  std::string path() const { return fmt::format("/proc/self/fd/{}", root_.get()); }

 private:
  explicit DetachedMount(Fd root) : root_(std::move(root)) {}
  Fd root_;
};

}  // namespace pktbench::sys
