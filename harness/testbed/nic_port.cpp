#include "harness/testbed/nic_port.hpp"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "harness/sys/called_as.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/sys/sysfs.hpp"
#include "harness/testbed/port_safety.hpp"
#include "harness/undo/device_setting.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::testbed {

namespace {

constexpr std::chrono::milliseconds kCarrierStep{10};
constexpr int kCarrierSteps = 1000;

bool contains(const std::vector<std::string>& list, const std::string& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

Result<std::string> interface_of(const std::string& role, const std::string& asked) {
  const std::string pci = full_pci_address(asked);
  if (pci.empty()) {
    if (sys::get_link(asked)) return asked;
    return make_error(ErrorCode::invalid_input, "/testbed/" + role + ": there is no interface \"" +
                                                    asked + "\" in this network namespace; `" +
                                                    sys::called_as() + " doctor` lists them");
  }
  if (auto name = undo::find_netdev(pci)) return *name;
  std::error_code ec;
  if (!std::filesystem::exists("/sys/bus/pci/devices/" + pci, ec))
    return make_error(ErrorCode::invalid_input,
                      "/testbed/" + role + ": there is no PCI device " + pci);
  const std::string driver = sys::pci_driver(pci);
  return make_error(ErrorCode::refused,
                    pci + " has no interface in this network namespace: " +
                        (driver.empty() ? "no driver has it" : "driver " + driver + " has it") +
                        "; give it to its kernel driver first");
}

bool on_a_bus(const std::string& device) {
  bool found = false;
  (void)sys::with_sysfs_of("", [&](const std::string& sysfs) -> Result<void> {
    std::error_code ec;
    found = std::filesystem::exists(sysfs + "/class/net/" + device + "/device", ec);
    return {};
  });
  return found;
}

std::string why_virtual(const PortReport& report) {
  if (!on_a_bus(report.interface))
    return report.interface + " is no NIC but a virtual device" +
           (report.driver.empty() ? "" : " (" + report.driver + ")");
  const auto cpus = sys::read_file("/proc/cpuinfo");
  if (!cpus || cpus->find(" hypervisor") != std::string::npos)
    return "this machine is virtual, and whether its NIC is real cannot be told";
  return {};
}

Result<void> judge(const std::string& asked, const NicOptions& options, PortReport& report) {
  SafetyPolicy policy;
  policy.allowed_pci = options.allowed_pci;
  if (contains(options.known, report.interface)) policy.i_know_this_is = report.interface;
  const SafetyVerdict verdict = check_port_safety(
      full_pci_address(asked).empty() ? report.interface : full_pci_address(asked), policy);
  report.waived = verdict.waived;
  std::vector<std::string> reasons = verdict.reasons;
  if (!options.virtual_ports && !on_a_bus(report.interface))
    reasons.push_back(report.why_virtual +
                      "; use testbed veth, or set /testbed/virtual_ports to \"allow\"");
  if (reasons.empty()) return {};
  return make_error(ErrorCode::refused, "port " + report.interface + " is not used: " +
                                            boost::algorithm::join(reasons, "; "));
}

// False: it is not as wanted.
bool note(PortReport& report, Applied done) {
  auto& settings = report.settings;
  const auto earlier = std::find_if(settings.begin(), settings.end(),
                                    [&](const Applied& s) { return s.setting == done.setting; });
  if (earlier == settings.end()) return settings.emplace_back(std::move(done)).failed.empty();
  *earlier = std::move(done);
  return earlier->failed.empty();
}

}  // namespace

Result<FoundPort> find_port(const std::string& role, const std::string& asked,
                            const NicOptions& options) {
  auto name = interface_of(role, asked);
  if (!name) return name.error();
  FoundPort found;
  found.report.role = role;
  found.report.interface = *name;
  if (const auto driver = sys::driver_info(*name)) found.report.driver = driver->driver;
  found.report.why_virtual = why_virtual(found.report);
  if (auto r = judge(asked, options, found.report); !r) return r.error();
  auto state = undo::read_port_state(*name);
  if (!state) return state.error();
  found.state = std::move(*state);
  found.report.pci = found.state.pci;
  return found;
}

bool set_port(PortReport& report, const std::string& setting, const std::string& value) {
  // The journal has the whole port, and so there is no error of its own.
  return note(report,
              *undo::apply(undo::device_setting(report.interface, setting), value, nullptr));
}

bool change_port(PortReport& report, const std::string& setting, const std::string& asked,
                 const std::function<std::string(const std::string& word)>& make) {
  const auto now = undo::get_device_setting(report.interface, setting);
  if (!now) return note(report, {report.interface, setting, asked, "", "", now.error().message});
  std::istringstream words(*now);
  std::string text;
  for (std::string word; words >> word;) text += (text.empty() ? "" : " ") + make(word);
  return set_port(report, setting, text);
}

Result<void> set_queues(PortReport& report, unsigned queues) {
  const auto now = sys::get_channels(report.interface);
  if (!now) {
    // A driver that does not tell has one queue, or a number that cannot be chosen.
    note(report,
         {report.interface, "channels", std::to_string(queues), "", "", now.error().message});
    if (queues == 1) return {};
    return make_error(ErrorCode::unsupported, report.interface + " cannot be given " +
                                                  std::to_string(queues) +
                                                  " RX queues: " + now.error().message);
  }
  if (now->receiving() == queues) return {};
  const auto text = [](unsigned rx, unsigned tx, unsigned combined) {
    return "rx=" + std::to_string(rx) + " tx=" + std::to_string(tx) +
           " combined=" + std::to_string(combined);
  };
  const bool combined = now->max_combined > 0;
  const std::string wanted =
      combined ? text(0, 0, queues) : text(queues, std::min(queues, now->max_tx), 0);
  if (set_port(report, "channels", wanted)) return {};
  const std::string has = std::to_string(now->receiving());
  return make_error(ErrorCode::unsupported, report.interface + " has not " +
                                                std::to_string(queues) + " RX queues but " + has +
                                                ": " + report.settings.back().failed +
                                                "; set the scenario's \"queues\" to " + has);
}

Result<void> wait_for_carrier(const Port& port) {
  auto inside = sys::NetnsScope::enter(port.netns_path);
  if (!inside) return inside.error();
  for (int i = 0; i < kCarrierSteps; ++i) {
    const auto link = sys::get_link(port.name);
    if (!link) return link.error();
    if (link->carrier) return {};
    std::this_thread::sleep_for(kCarrierStep);
  }
  return make_error(
      ErrorCode::failed,
      port.name + " has no carrier after 10 s: is the wire between the two ports in?");
}

void read_link_rate(PortReport& report, Port& port) {
  port.link_bps.reset();
  if (!on_a_bus(report.interface)) {
    port.link_unknown = report.interface + " is a virtual device: it has no line rate";
  } else if (const auto speed = sys::get_link_speed(report.interface); !speed) {
    port.link_unknown = speed.error().message;
  } else if (speed->mbps == 0) {
    port.link_unknown = "the driver of " + report.interface + " knows no link speed";
  } else {
    port.link_bps = 1e6 * speed->mbps;
    port.link_unknown.clear();
  }
  report.link_bps = port.link_bps;
  report.link_unknown = port.link_unknown;
}

Result<void> DropMeter::read(const Port& port, std::uint64_t frames) {
  auto now = measure::read_device_statistics(port.name);
  if (!now) return now.error();
  if (!last_) {
    // So that a place that counts nothing is there all the same.
    for (const auto& [place, n] : measure::drops_by_place(driver_, end_, *now)) drops_[place] += 0;
    last_ = std::move(*now);
    return {};
  }
  const auto found = measure::reconcile(driver_, end_, *last_, *now, frames);
  for (const auto& [place, n] : found.drops) drops_[place] += n;
  for (const auto& [place, why] : found.missing) missing_[place] = why;
  for (const auto& [place, why] : missing_) drops_.erase(place);
  last_ = std::move(*now);
  return {};
}

}  // namespace pktbench::testbed
