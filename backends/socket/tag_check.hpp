// Tells the frames of a trial from others by the first 8 bytes of their UDP payload.
#pragma once

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bpf/frame6.h"

namespace pktbench::udp {

// Per frame: two loads and compares.
class TagCheck {
 public:
  // `offset`: of the tag in a whole frame.
  explicit TagCheck(std::uint32_t trial, std::size_t offset = PB_OFF_TAG)
      : magic_(htonl(PB_TAG_MAGIC)), trial_(htonl(trial)), offset_(offset) {}

  bool payload(const std::uint8_t* data, std::size_t length) const {
    if (length < sizeof(pb_tag)) return false;
    pb_tag tag;
    std::memcpy(&tag, data, sizeof tag);
    return tag.magic == magic_ && tag.trial == trial_;
  }

  // A whole frame, Ethernet header first.
  bool frame(const std::uint8_t* data, std::size_t length) const {
    return length >= offset_ && payload(data + offset_, length - offset_);
  }

  std::size_t offset() const { return offset_; }

 private:
  std::uint32_t magic_;
  std::uint32_t trial_;
  std::size_t offset_;
};

}  // namespace pktbench::udp
