// What one sendmmsg() sends: copies of the same bytes, each on cache lines of its own.
//
// Threads: a value. Nothing is allocated after it is made.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace pktbench::traffic {

class MessageBatch {
 public:
  MessageBatch() = default;
  MessageBatch(std::span<const std::uint8_t> content, std::size_t count)
      : stride_((content.size() + 63) / 64 * 64),
        bytes_(stride_ * count),
        parts_(count),
        messages_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      std::copy(content.begin(), content.end(), at(i));
      parts_[i] = {at(i), content.size()};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  void set_length(std::size_t i, std::size_t length) { parts_[i].iov_len = length; }
  std::uint8_t* at(std::size_t i) { return bytes_.data() + i * stride_; }
  std::vector<mmsghdr>& messages() { return messages_; }

 private:
  std::size_t stride_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
};

}  // namespace pktbench::traffic
