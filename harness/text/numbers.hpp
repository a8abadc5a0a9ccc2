// Shares and changes as people read them.
//
// Threads: none. Errors: none.
#pragma once

#include <fmt/format.h>

#include <string>

namespace pktbench {

// "12.5%": of time and of frames.
inline std::string percent(double share) { return fmt::format("{:.1f}%", share * 100); }

// "0.4%", "370%", two digits at least: of what may be small.
inline std::string fine_percent(double share) {
  return share < 0.1 ? fmt::format("{:.2g}%", share * 100) : fmt::format("{:.0f}%", share * 100);
}

// "+1.20%", of a ratio to 1.
inline std::string change_percent(double ratio) {
  return fmt::format("{:+.2f}%", (ratio - 1) * 100);
}

}  // namespace pktbench
