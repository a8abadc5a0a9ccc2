// Messages on their way back out of a socket, many per system call. Threads: one.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backends/common/peer_address.hpp"

namespace pktbench::backends {

class SendBatch {
 public:
  // `most` messages at once. `device_drop`: the errno by which the socket says that the device was
  // given a message and dropped it, which the device counts: such a one is neither refused nor sent
  // again. 0: there is none, and what was not taken may be tried again.
  explicit SendBatch(std::size_t most, int device_drop = 0)
      : parts_(most), messages_(most), device_drop_(device_drop) {
    for (std::size_t i = 0; i < most; ++i) {
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  bool full() const { return count_ == messages_.size(); }

  // Both stay as they are until flush(). `to` null: the socket knows. REQUIRES: not full().
  void push(std::span<std::uint8_t> message, PeerAddress* to) {
    parts_[count_] = {message.data(), message.size()};
    msghdr& header = messages_[count_++].msg_hdr;
    header.msg_name = to;
    header.msg_namelen = to == nullptr ? 0 : to->length();
  }

  // Sends all of them, and waits while the socket's buffer is full. Returns how many were refused.
  // One system call, and one more for each that was not taken.
  std::uint64_t flush(int socket) {
    std::uint64_t refused = 0;
    for (std::size_t at = 0; at < count_;) {
      const std::size_t left = count_ - at;
      const int sent = sendmmsg(socket, &messages_[at], static_cast<unsigned>(left), 0);
      if (sent > 0) {
        at += static_cast<std::size_t>(sent);
        // The next one was tried, and the kernel keeps no errno of it. A device that drops is the
        // reason that comes and goes; others hold for the first message as well.
        if (device_drop_ != 0 && static_cast<std::size_t>(sent) < left) ++at;
      } else if (sent == 0 || errno != EINTR) {
        if (sent == 0 || errno != device_drop_) ++refused;
        ++at;
      }
    }
    count_ = 0;
    return refused;
  }

 private:
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
  std::size_t count_ = 0;
  int device_drop_;
};

}  // namespace pktbench::backends
