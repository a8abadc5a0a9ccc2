// The kernel's stamps of frames that a socket receives: CLOCK_REALTIME when it took each from its
// driver. While a socket has asked for them the kernel stamps every frame of the host.
#pragma once

#include <linux/errqueue.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "harness/core/result.hpp"

namespace pktbench::backends {

// Until the socket is closed.
Result<void> ask_for_kernel_stamps(int socket);

// Room for the stamp of one message.
struct StampSpace {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(scm_timestamping))> bytes;

  // REQUIRES: before each call that receives; the kernel writes how much it used.
  void give_to(msghdr& message) {
    message.msg_control = bytes.data();
    message.msg_controllen = bytes.size();
  }
};

// Of a message that was received, in ns; 0: the kernel has not stamped it.
std::uint64_t kernel_stamp_of(const msghdr& message);

}  // namespace pktbench::backends
