#include "harness/method/stray_watch.hpp"

#include <fmt/format.h>

#include <vector>

#include "harness/measure/onlooker.hpp"

namespace pktbench::method {

namespace {

constexpr std::uint64_t kWatchStep = 3 * kMillisecond;
constexpr std::uint64_t kWatch = 15 * kMillisecond;
constexpr std::uint64_t kSecondLook = 50 * kMillisecond;  // where something came once
constexpr std::size_t kLeastReadings = 4;

}  // namespace

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
