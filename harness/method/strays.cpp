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

constexpr std::uint64_t kWatchStep = 3 * kMillisecond;
constexpr std::uint64_t kWatch = 15 * kMillisecond;
constexpr std::uint64_t kSecondLook = 50 * kMillisecond;  // where something came once
constexpr std::size_t kLeastReadings = 4;

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

PortFrames StrayWatch::read_ports() const {
  return measure::port_frames(testbed_.generator().port(), testbed_.dut().port());
}

Result<void> StrayWatch::watch_idle() {
  if (!others_reach()) return {};
  Clock& clock = testbed_.clock();
  std::vector<Arrivals> readings;
  while (!stop_) {
    auto now = snapshot_();
    if (!now) return now.error();
    readings.push_back({clock.now_ns(), now->accounted() + now->received.foreign, read_ports()});
    idle_ = idle_arrivals(readings);
    const std::uint64_t watched = readings.back().at_ns - readings.front().at_ns;
    const bool once = idle_.frames > 0 && idle_.repeated == 0;
    if (readings.size() >= kLeastReadings && watched >= (once ? kSecondLook : kWatch)) break;
    clock.sleep_ns(kWatchStep, stop_);
  }
  return {};
}

Result<void> StrayWatch::after_window() {
  after_ = read_ports();
  return watch_idle();
}

std::string StrayWatch::name(std::uint32_t trial_tag) const {
  const Port& dut = testbed_.dut().port();
  const measure::Onlooker look = measure::look_at(dut, trial_tag, testbed_.clock(), stop_);
  if (steady()) {
    if (look.own > 0 && look.seen.empty()) return {};
    return "foreign frames arrive at " + dut.name + " while nothing is sent: " + rate_text(idle_) +
           ", " + measure::kinds_text(look) + "; find who sends them";
  }
  return fmt::format("{} foreign frames or more arrived at {} in the window, {}", foreign_,
                     dut.name, measure::kinds_text(look));
}

}  // namespace pktbench::method
