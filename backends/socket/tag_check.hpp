// Tells the frames of a trial from others by the first 8 bytes of their UDP payload.
#pragma once

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bpf/frame.h"

namespace pktbench::udp {

// Per frame: two loads and compares.
class TagCheck {
 public:
  explicit TagCheck(std::uint32_t trial) : magic_(htonl(PB_TAG_MAGIC)), trial_(htonl(trial)) {}

  bool payload(const std::uint8_t* data, std::size_t length) const {
    if (length < sizeof(pb_tag)) return false;
    pb_tag tag;
    std::memcpy(&tag, data, sizeof tag);
    return tag.magic == magic_ && tag.trial == trial_;
  }

  // A whole frame, Ethernet header first.
  bool frame(const std::uint8_t* data, std::size_t length) const {
    return length >= PB_OFF_TAG && payload(data + PB_OFF_TAG, length - PB_OFF_TAG);
  }

 private:
  std::uint32_t magic_;
  std::uint32_t trial_;
};

}  // namespace pktbench::udp
