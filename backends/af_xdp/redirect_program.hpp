// The XDP program of the af_xdp backend, attached to a device: it hands every frame to the socket
// of its RX queue. Detached when this goes, also when the process dies.
//
// Threads: one controlling thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "backends/common/xdp_hook.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

struct xsk_redirect;  // the skeleton

namespace pktbench::af_xdp {

// Over all queues there can be, so that a frame on one that was not configured is seen.
struct RedirectCounts {
  std::uint64_t redirected = 0;
  std::uint64_t no_socket = 0;  // dropped: no socket takes the queue
};

class RedirectProgram {
 public:
  // REQUIRES: the calling thread is in the port's namespace. Errors: `unsupported` where the driver
  // has no native XDP; `refused` where the device has a program of somebody else's.
  static Result<RedirectProgram> attach(const Port& port, bool generic);

  // The queue's frames go to `socket` from now on.
  Result<void> enter(std::uint32_t queue, int socket);

  Result<RedirectCounts> counts() const;

  // "native" or "generic", as the device says. Errors: `failed` where it does not run our program.
  Result<std::string> hook() const;
  const backends::ProgramInfo& info() const { return info_; }

  // Errors: `failed` where the device has gone; from any namespace.
  Result<void> still_attached() const;

 private:
  struct Destroy {
    void operator()(xsk_redirect* skeleton) const;
  };

  RedirectProgram() = default;
  Result<void> load();

  std::string device_;
  int cpus_ = 0;
  backends::ProgramInfo info_;
  std::unique_ptr<xsk_redirect, Destroy> skeleton_;
  sys::Fd link_;
};

}  // namespace pktbench::af_xdp
