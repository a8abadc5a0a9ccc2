// What the builders of frames share.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "bpf/frame.h"

namespace pktbench::traffic {

inline void put16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

inline void put32(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value) {
  put16(bytes, at, value >> 16);
  put16(bytes, at + 2, value & 0xffff);
}

// Plain sum of 16-bit words as they lie in memory, the odd last byte padded with zero.
inline std::uint32_t word_sum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, &bytes[i], std::min<std::size_t>(2, bytes.size() - i));
    sum += word;
  }
  return sum;
}

// The tag, and what follows it to the frame's end.
inline void put_payload(std::vector<std::uint8_t>& bytes, std::size_t tag, std::uint32_t trial) {
  put32(bytes, tag, PB_TAG_MAGIC);
  put32(bytes, tag + 4, trial);
  for (std::size_t i = tag + sizeof(pb_tag); i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i);
}

}  // namespace pktbench::traffic
