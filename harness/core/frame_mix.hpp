// Frames of several sizes: a genome as in RFC 6985, one letter a frame in the order of sending,
// which begins again at its end. "imix" is the simple IMIX: of twelve frames seven have 64, four
// 594 and one 1518 bytes, spread so that no two large ones meet.
//
// Sizes are in bytes, FCS included. Threads: pure functions.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/core/traffic.hpp"

namespace pktbench {

inline constexpr std::string_view kImix = "imix";
inline constexpr std::size_t kMaxGenome = 64;
// RFC 6985's, as far as frames here go.
inline constexpr std::array<std::pair<char, std::uint32_t>, 7> kGenomeSizes = {
    {{'a', 64}, {'b', 128}, {'c', 256}, {'d', 512}, {'e', 1024}, {'f', 1280}, {'g', 1518}}};

// In the order of sending; empty where `mix` is none.
inline std::vector<std::uint32_t> mix_sizes(std::string_view mix) {
  if (mix == kImix) return {64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 594, 64};
  std::vector<std::uint32_t> sizes;
  for (const char letter : mix.substr(0, kMaxGenome + 1)) {
    const auto* known = std::find_if(kGenomeSizes.begin(), kGenomeSizes.end(),
                                     [letter](const auto& entry) { return entry.first == letter; });
    if (known == kGenomeSizes.end()) return {};
    sizes.push_back(known->second);
  }
  return sizes.size() > kMaxGenome ? std::vector<std::uint32_t>() : sizes;
}

// One where it is no mix.
inline std::vector<std::uint32_t> sizes_of(const TrafficSpec& traffic) {
  return traffic.mix.empty() ? std::vector{traffic.frame_size} : mix_sizes(traffic.mix);
}

inline double mean_frame_size(const TrafficSpec& traffic) {
  const auto sizes = sizes_of(traffic);
  return std::accumulate(sizes.begin(), sizes.end(), 0.0) / static_cast<double>(sizes.size());
}

// "64B", "imix"
inline std::string size_text(const TrafficSpec& traffic) {
  return traffic.mix.empty() ? std::to_string(traffic.frame_size) + "B" : traffic.mix;
}

}  // namespace pktbench
