#include "harness/method/strays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pktbench::method {

namespace {

// 0 where it went back: the device was reset.
std::uint64_t growth(std::uint64_t before, std::uint64_t after) {
  return after > before ? after - before : 0;
}

std::uint64_t growth(std::optional<std::uint64_t> before, std::optional<std::uint64_t> after) {
  return before && after ? growth(*before, *after) : 0;
}

}  // namespace

bool IdleArrivals::steady(double window_s, std::uint64_t tolerance) const {
  return seconds > 0 &&
         static_cast<double>(repeated) / seconds * window_s > static_cast<double>(tolerance);
}

IdleArrivals idle_arrivals(const std::vector<Arrivals>& readings) {
  IdleArrivals made;
  std::uint64_t most = 0;
  for (std::size_t i = 1; i < readings.size(); ++i) {
    const Arrivals& a = readings[i - 1];
    const Arrivals& b = readings[i];
    const std::uint64_t came =
        std::max(growth(a.counted, b.counted), growth(a.ports.received, b.ports.received));
    made.frames += came;
    most = std::max(most, came);
  }
  made.repeated = made.frames - most;
  if (!readings.empty())
    made.seconds = static_cast<double>(readings.back().at_ns - readings.front().at_ns) / 1e9;
  return made;
}

std::uint64_t foreign_in_window(const TrialRecord& record, const PortFrames& before,
                                const PortFrames& after) {
  const std::uint64_t offered = record.offered.packets;
  const auto beyond = [offered](std::optional<std::uint64_t> was, std::optional<std::uint64_t> is) {
    return growth(offered, growth(was, is));
  };
  std::uint64_t most = std::max({record.received.foreign, beyond(before.received, after.received),
                                 beyond(before.sent, after.sent)});
  // A port that counts no less than was offered counts every frame.
  const bool port_tells = before.received && growth(before.received, after.received) >= offered;
  if (!port_tells && record.unaccounted < 0)
    most = std::max(most, static_cast<std::uint64_t>(-record.unaccounted));
  return most;
}

std::string rate_text(const IdleArrivals& idle) {
  const double pps = static_cast<double>(idle.frames) / idle.seconds;
  const double unit = std::pow(10, std::max(0.0, std::floor(std::log10(std::max(1.0, pps))) - 1));
  return fmt::format("about {} a second", std::llround(std::round(pps / unit) * unit));
}

}  // namespace pktbench::method
