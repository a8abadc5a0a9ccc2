#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/signals.hpp"
#include "harness/live/watch.hpp"
#include "harness/live/watch_text.hpp"
#include "harness/record/json.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/rtnl_dump.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench::cli {

namespace {

constexpr std::size_t kAddressesShown = 10;

Json count_json(const FrameCount& count) {
  return {{"packets", count.packets}, {"bytes", count.bytes}};
}

// Of the keys of the schema `pktbench-watch/1`, one object a line.
std::string as_json(const std::string& device, const Watch& watch, const WatchCounts& counts) {
  Json j = {{"schema", "pktbench-watch/1"},
            {"interface", device},
            {"mode", watch.mode()},
            {"seconds", counts.seconds}};
  j.update(count_json(counts.all));
  const auto by_number = [](const std::map<std::uint32_t, FrameCount>& counts_of, const char* key) {
    Json all = Json::array();
    for (const auto& [number, count] : counts_of) {
      all.push_back({{key, number}});
      all.back().update(count_json(count));
    }
    return all;
  };
  j["queues"] = by_number(counts.queues, "queue");
  j["cpus"] = by_number(counts.cpus, "cpu");
  j["addresses"] = nullptr;
  if (const auto& addresses = counts.addresses) {
    j["addresses"] = Json::object();
    for (const auto& [address, count] : addresses->counts)
      j["addresses"][address] = count_json(count);
    j["without_address"] = count_json(addresses->without_address);
    j["no_room"] = count_json(addresses->no_room);
  }
  return dump_json(j, -1) + "\n";
}

double seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// In short sleeps, for a signal that comes right before one.
void sleep_until(double due, const StopFlag& stop) {
  constexpr double kNap = 0.05;
  for (double left = due - seconds_now(); !stop && left > 0; left = due - seconds_now()) {
    const timespec nap{0, static_cast<long>(std::min(left, kNap) * 1e9)};
    nanosleep(&nap, nullptr);
  }
}

// On a terminal each table takes the place of the one before.
class Screen {
 public:
  std::string over(const std::string& text) {
    std::string made;
    if (lines_) made = fmt::format("\033[{}A\033[J", lines_);
    lines_ = std::ranges::count(text, '\n');
    return made + text;
  }

 private:
  std::ptrdiff_t lines_ = 0;
};

Result<Watch> attach(const WatchArguments& arguments) {
  if (const auto missing = sys::missing_capabilities(); !missing.empty())
    return make_error(ErrorCode::refused, "not permitted: this process lacks {}; run it as root",
                      missing.front());
  const auto devices = sys::list_devices();
  if (!devices) return devices.error();
  std::vector<std::string> names;
  for (const auto& device : *devices) names.push_back(device.name);
  if (std::ranges::find(names, arguments.interface) == names.end())
    return make_error(ErrorCode::invalid_input, "there is no interface \"{}\"{}",
                      arguments.interface, suggestion(arguments.interface, names));
  return Watch::attach(arguments.interface, {arguments.fallback, arguments.per_ip});
}

}  // namespace

int watch_command(const WatchArguments& arguments) {
  const StopFlag& stop = install_stop_signals();
  auto watch = attach(arguments);
  if (!watch) return report_error(watch.error());
  spdlog::info(
      "{}: counting in {} XDP (program {}); every frame goes on. Not counted: what the NIC "
      "drops before XDP, and what is sent. A VLAN tag that the NIC has taken out is in no "
      "byte count",
      arguments.interface, watch->mode(), watch->program_id());
  const Terminal terminal = stdout_terminal();
  const bool redraw = isatty(STDOUT_FILENO) == 1 && !arguments.json;
  const double began = seconds_now();
  const double ends = arguments.duration_s.value_or(HUGE_VAL);
  Screen screen;
  const auto show = [&](const WatchCounts& before, const WatchCounts& now) {
    if (arguments.json) return as_json(arguments.interface, *watch, now);
    if (redraw) return screen.over(watch_table(before, now, kAddressesShown, terminal));
    return watch_line(before, now);
  };
  WatchCounts before;
  for (int interval = 1;; ++interval) {
    // From the beginning on, so that what a reading takes does not add up.
    const double due = std::min(arguments.interval_s * interval, ends);
    sleep_until(began + due, stop);
    const bool last = stop || due >= ends;
    auto now = watch->read();
    if (!now) return report_error(now.error());
    const auto read = print_part(show(before, *now));
    if (!read) return report_error(read.error());
    if (!*read) return kDone;
    before = std::move(*now);
    if (last) break;
  }
  if (arguments.json || redraw) return kDone;
  return print_result(watch_table({}, before, kAddressesShown, terminal), kDone);
}

}  // namespace pktbench::cli
