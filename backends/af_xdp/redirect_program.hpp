// The XDP program of the af_xdp backend, attached to a device: it hands every frame to the socket
// of its RX queue. Detached when this goes, also when the process dies.
//
// Threads: one controlling thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bpf/counters.h"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/xdp_hook.hpp"

struct xsk_redirect;  // the skeleton

namespace pktbench::af_xdp {

class RedirectProgram {
 public:
  // REQUIRES: the calling thread is in the port's namespace. Errors: `unsupported` where the driver
  // has no native XDP; `refused` where the device has a program of somebody else's.
  static Result<RedirectProgram> attach(const Port& port, bool generic);

  // The queue's frames go to `socket` from now on.
  Result<void> enter(std::uint32_t queue, int socket);

  // Over all queues there can be, so that a frame on one that was not configured is seen.
  Result<pb_xsk_counters> counts() const;

  const sys::AttachedXdp& attached() const { return attached_; }

  // Errors: `failed` where the device has gone; from any namespace.
  Result<void> still_attached() const;

 private:
  RedirectProgram() = default;

  std::string device_;
  std::shared_ptr<xsk_redirect> skeleton_;
  sys::AttachedXdp attached_;
};

}  // namespace pktbench::af_xdp
