#include "harness/testbed/nic_settings.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/testbed/nic_port.hpp"

namespace pktbench::testbed {

namespace {

// "rx=N" of "rx=256 tx=256"; `off`: a part that would have it otherwise, switched off.
void set_part(PortReport& report, const char* setting, const std::string& key, std::int64_t value,
              const std::string& off = "") {
  const std::string text = std::to_string(value);
  change_port(report, setting, text, [&](const std::string& word) {
    if (word == off) return word.substr(0, word.find('=')) + "=off";
    return word.starts_with(key + "=") ? key + "=" + text : word;
  });
}

// "rx-0=ff": every digit of the mask is 0.
std::string with_no_cpus(const std::string& word) {
  std::string text = word;
  for (auto at = std::min(text.find('='), text.size()); ++at < text.size();)
    if (text[at] != ',') text[at] = '0';
  return text;
}

}  // namespace

Result<void> set_host(const NicOptions& options, const std::vector<int>& cpus,
                      undo::Journal& journal, PortReport& report) {
  std::vector<std::pair<std::string, std::string>> wanted;
  if (options.huge_pages)
    wanted.emplace_back("/proc/sys/vm/nr_hugepages", std::to_string(*options.huge_pages));
  for (const int cpu : options.governor.empty() ? std::vector<int>() : cpus)
    wanted.emplace_back(
        "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/scaling_governor",
        options.governor);
  for (const auto& [path, value] : wanted) {
    auto done = undo::apply(undo::kernel_file(path), value, &journal);
    if (!done) return done.error();
    report.settings.push_back(std::move(*done));
  }
  return {};
}

void set_before_up(const NicOptions& options, measure::PortEnd end, PortReport& report) {
  // A larger one keeps many drivers from XDP.
  set_port(report, "mtu", "1500");
  if (options.pause == "off") set_port(report, "pause", "autoneg=off rx=off tx=off");
  if (end == measure::PortEnd::sender) {
    if (options.tx_ring) set_part(report, "rings", "tx", *options.tx_ring);
    if (!options.tso.empty()) set_port(report, "tso", options.tso);
    if (!options.xps.empty()) change_port(report, "xps", "0", with_no_cpus);
    return;
  }
  if (options.rx_ring) set_part(report, "rings", "rx", *options.rx_ring);
  if (options.rx_usecs)
    set_part(report, "coalescing", "rx-usecs", *options.rx_usecs, "adaptive-rx=on");
  if (!options.gro.empty()) set_port(report, "gro", options.gro);
  if (!options.lro.empty()) set_port(report, "lro", options.lro);
}

Result<void> set_with_carrier(const NicOptions& options, measure::PortEnd end, const Port& port,
                              PortReport& report) {
  if (auto r = place_interrupts(options, end, port, report); !r || end == measure::PortEnd::sender)
    return r;
  if (const bool set = set_port(report, "threaded", options.threaded ? "1" : "0");
      !set && options.threaded)
    return make_error(ErrorCode::unsupported,
                      port.name + " cannot have NAPI in threads: " + report.settings.back().failed);
  if (options.defer_hard_irqs)
    set_port(report, "napi_defer_hard_irqs", std::to_string(*options.defer_hard_irqs));
  if (options.gro_flush_timeout_ns)
    set_port(report, "gro_flush_timeout", std::to_string(*options.gro_flush_timeout_ns));
  change_port(report, "rps", "0", with_no_cpus);
  return {};
}

Result<void> place_interrupts(const NicOptions& options, measure::PortEnd end, const Port& port,
                              PortReport& report) {
  if (port.pci.empty()) return {};
  std::string cpu = std::to_string(port.cpus.front());
  if (change_port(report, "irqs", cpu, [&](const std::string&) { return cpu; })) return {};
  if (end == measure::PortEnd::sender || options.threaded) return {};
  const auto& settings = report.settings;
  const auto irqs = std::find_if(settings.begin(), settings.end(),
                                 [](const Applied& s) { return s.setting == "irqs"; });
  return make_error(ErrorCode::refused,
                    "the interrupts of " + port.name + " cannot all be put on CPU " +
                        std::to_string(port.cpus.front()) + ": " + irqs->failed +
                        "; set /testbed/napi to \"threaded\", or choose another dut_cpu");
}

}  // namespace pktbench::testbed
