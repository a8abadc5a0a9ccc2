// One run that changes the host at a time. The kernel drops the lock when its holder dies.
#pragma once

#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::undo {

class HostLock {
 public:
  // Errors: `refused`, naming the process that holds it, where another run is going on.
  static Result<HostLock> acquire(const std::string& purpose, const std::string& dir = kStateDir);

 private:
  explicit HostLock(sys::Fd file) : file_(std::move(file)) {}
  sys::Fd file_;
};

}  // namespace pktbench::undo
