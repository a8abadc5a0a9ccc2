#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

#include "harness/cli/commands.hpp"
#include "harness/cli/host.hpp"
#include "harness/cli/metrics.hpp"
#include "harness/cli/output.hpp"
#include "harness/cli/signals.hpp"
#include "harness/live/watch.hpp"
#include "harness/live/watch_metrics.hpp"
#include "harness/live/watch_text.hpp"
#include "harness/record/json.hpp"
#include "harness/sys/rtnl_dump.hpp"
#include "harness/testbed/host_testbed.hpp"
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
    // Appended: [] would look for each among all, and there may be 65,536.
    Json::object_t all;
    all.reserve(addresses->counts.size());
    for (const auto& [address, count] : addresses->counts)
      all.emplace_back(address, count_json(count));
    j["addresses"] = std::move(all);
    j["without_address"] = count_json(addresses->without_address);
    j["no_room"] = count_json(addresses->no_room);
  }
  return dump_json(j, -1) + "\n";
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
  if (auto r = permitted(); !r) return r.error();
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
  std::unique_ptr<MetricsServer> metrics;
  if (auto r = open_metrics(arguments.metrics).into(metrics); !r) return report_error(r.error());
  auto watch = attach(arguments);
  if (!watch) return report_error(watch.error());
  spdlog::info(
      "{}: counting in {} XDP (program {}); every frame goes on. Not counted: what the NIC "
      "drops before XDP, and what is sent. A VLAN tag that the NIC has taken out is in no "
      "byte count",
      arguments.interface, watch->mode(), watch->program_id());
  const Terminal terminal = stdout_terminal();
  const bool redraw = isatty(STDOUT_FILENO) == 1 && !arguments.json;
  testbed::WallClock clock;
  const std::uint64_t began = clock.now_ns();
  Screen screen;
  const auto show = [&](const WatchCounts& before, const WatchCounts& now) {
    if (arguments.json) return as_json(arguments.interface, *watch, now);
    if (redraw) return screen.over(watch_table(before, now, kAddressesShown, terminal));
    return watch_line(before, now);
  };
  WatchCounts before;
  for (int interval = 1;; ++interval) {
    // From the beginning on, so that what a reading takes does not add up.
    double due_s = arguments.interval_s * interval;
    if (arguments.duration_s) due_s = std::min(due_s, *arguments.duration_s);
    const std::uint64_t due = began + static_cast<std::uint64_t>(due_s * 1e9);
    if (const std::uint64_t now = clock.now_ns(); now < due) clock.sleep_ns(due - now, stop);
    const bool last = stop || due_s == arguments.duration_s;
    auto now = watch->read();
    if (!now) return report_error(now.error());
    if (metrics) metrics->put(watch_metrics(arguments.interface, watch->mode(), *now));
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
