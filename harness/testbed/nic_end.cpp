#include "harness/testbed/nic_end.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/ranges.h>
#include <linux/bpf.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "harness/sys/caller.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/detached_mount.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/pci_driver.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/sys/xdp_hook.hpp"
#include "harness/testbed/cpu_choice.hpp"
#include "harness/testbed/port_safety.hpp"
#include "harness/testbed/testbeds.hpp"
#include "harness/undo/device_setting.hpp"

namespace pktbench::testbed {

namespace {

constexpr std::chrono::milliseconds kCarrierStep{10};
constexpr int kCarrierSteps = 2000;  // 10GBASE-T may need 9 s to train, and more after a reset

Result<std::string> interface_of(const std::string& role, const std::string& asked) {
  const std::string pci = full_pci_address(asked);
  if (pci.empty()) {
    if (sys::get_link(asked)) return asked;
    return make_error(ErrorCode::invalid_input,
                      "/testbed/{}: there is no interface \"{}\" in this network namespace; "
                      "`{} doctor` lists them",
                      role, asked, sys::called_as());
  }
  if (auto name = undo::find_netdev(pci)) return *name;
  if (sys::pci_id(pci).empty())
    return make_error(ErrorCode::invalid_input, "/testbed/{}: there is no PCI device {}", role,
                      pci);
  const std::string driver = sys::pci_driver(pci);
  return make_error(
      ErrorCode::refused,
      "{} has no interface in this network namespace: {}; give it to its kernel driver first", pci,
      driver.empty() ? "no driver has it" : "driver " + driver + " has it");
}

bool on_a_bus(const std::string& device) {
  const auto found = sys::with_sysfs_of("", [&](const std::string& sysfs) -> Result<bool> {
    std::error_code ec;
    return std::filesystem::exists(sysfs + "/class/net/" + device + "/device", ec);
  });
  return found && *found;
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

// "rx-0=ff": every digit of the mask is 0.
std::string with_no_cpus(const std::string& word) {
  std::string text = word;
  for (auto at = std::min(text.find('='), text.size()); ++at < text.size();)
    if (text[at] != ',') text[at] = '0';
  return text;
}

}  // namespace

Result<void> NicEnd::find() {
  const std::string asked = options_.text(report_.role);
  if (auto r = interface_of(report_.role, asked).into(report_.interface); !r) return r;
  if (const auto driver = sys::driver_info(report_.interface)) report_.driver = driver->driver;
  report_.why_virtual = why_virtual(report_);
  if (auto r = judge(); !r) return r;
  if (auto r = undo::read_port_state(report_.interface).into(was_); !r) return r;
  made.name = was_.name;
  made.pci = report_.pci = was_.pci;
  driver_ = report_.driver;
  threaded_ = options_.threaded();
  fifo_ = options_.text("napi_policy") == "fifo";
  return {};
}

Result<void> NicEnd::judge() {
  const std::string& name = report_.interface;
  const std::string asked = options_.text(report_.role);
  SafetyPolicy policy;
  policy.allowed_pci = options_.words(kAllowedPci);
  for (const std::string& known : options_.words(kKnownPorts))
    if (known == name) policy.i_know_this_is = name;
  SafetyVerdict verdict = check_port_safety(full_pci_address(asked).empty() ? name : asked, policy);
  report_.waived = std::move(verdict.waived);
  if (options_.text("virtual_ports") != "allow" && !on_a_bus(name))
    verdict.reasons.push_back(report_.why_virtual +
                              "; use testbed veth, or set /testbed/virtual_ports to \"allow\"");
  if (verdict.reasons.empty()) return {};
  return make_error(ErrorCode::refused, "port {} is not used: {}", name,
                    fmt::join(verdict.reasons, "; "));
}

Result<void> NicEnd::place() {
  if (!made.netns_path.empty()) {
    const auto link = sys::get_link(made.name);
    if (!link) return link.error();
    const sys::Fd there(open(made.netns_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!there) return system_error("open " + made.netns_path, errno);
    if (auto r = sys::move_link(link->ifindex, there.get()); !r) return r;
  }
  return identify();
}

Result<void> NicEnd::configure() {
  return inside([&]() -> Result<void> {
    if (is_dut())
      if (auto r = choose_queues(); !r) return r;
    set_before_up();
    if (auto r = add_own_addresses(); !r) return r;
    return sys::set_link_up(made.ifindex);
  });
}

Result<void> NicEnd::set_queues() {
  return inside([&] { return choose_queues(); });
}

Result<void> NicEnd::choose_queues() {
  const auto now = sys::get_channels(made.name);
  if (!now) {
    // A driver that does not tell has one queue, or a number that cannot be chosen.
    note({made.name, "channels", fmt::format("{}", made.queues), "", "", now.error().message});
    if (made.queues == 1) return {};
    return make_error(ErrorCode::unsupported, "{} cannot be given {} RX queues: {}", made.name,
                      made.queues, now.error().message);
  }
  if (now->receiving() == made.queues) return {};
  const bool combined = now->max_combined > 0;
  if (apply("channels", fmt::format("rx={} tx={} combined={}", combined ? 0 : made.queues,
                                    combined ? 0 : std::min(made.queues, now->max_tx),
                                    combined ? made.queues : 0)))
    return {};
  return make_error(ErrorCode::unsupported,
                    "{} has not {} RX queues but {}: {}; set the scenario's \"queues\" to {}",
                    made.name, made.queues, now->receiving(), why_not("channels"),
                    now->receiving());
}

// What the case's frames need, and what the scenario names.
void NicEnd::set_before_up() {
  const auto apply_if_said = [&](const char* name) {
    if (const std::string value = options_.text(name); !value.empty()) apply(name, value);
  };
  // A larger one than frames need keeps many drivers from XDP.
  apply("mtu", fmt::format("{}", mtu()));
  if (options_.text("pause") == "off") apply("pause", "autoneg=off rx=off tx=off");
  if (second_) return;
  if (!is_dut()) {
    change_part("rings", "tx", options_.number("tx_ring"));
    apply_if_said("tso");
    if (options_.text("xps") == "off") change("xps", "0", with_no_cpus);
    return;
  }
  change_part("rings", "rx", options_.number("rx_ring"));
  change_part("coalescing", "rx-usecs", options_.number("rx_usecs"), "adaptive-rx=on");
  if (const std::string fields = options_.text("rx_flow_hash"); !fields.empty())
    for (const char* setting : {"udp4-hash", "udp6-hash"}) apply(setting, fields);
  apply_if_said("gro");
  apply_if_said("lro");
}

Result<void> NicEnd::set_mtu(unsigned wanted) {
  if (apply("mtu", fmt::format("{}", wanted))) return {};
  return make_error(ErrorCode::unsupported, "{} cannot have an MTU of {}, for frames of {}: {}",
                    made.name, wanted, wanted + kFrameOverMtu, why_not("mtu"));
}

Result<void> NicEnd::add_own_addresses() {
  if (!options_.own_namespaces()) {
    // Part of the port's recorded state, as are its addresses.
    const std::string conf = "/conf/" + made.name + "/";
    (void)sys::write_file("/proc/sys/net/ipv6" + conf + "disable_ipv6", "1");
    (void)sys::write_file("/proc/sys/net/ipv4" + conf + "rp_filter", "0");
    // The host's own namespace has one address of the two.
    if (!is_dut()) return {};
  }
  return second_ ? Result<void>{} : add_addresses();
}

Result<void> NicEnd::after_carrier() {
  return inside([&]() -> Result<void> {
    if (auto r = wait_for_carrier(); !r) return r;
    read_link_rate();
    if (const auto pause = undo::get_device_setting(made.name, "pause")) report_.pause = *pause;
    count_anew();
    if (auto r = place_interrupts(); !r || !is_dut()) return r;
    if (!apply("threaded", options_.threaded() ? "1" : "0") && options_.threaded())
      return make_error(ErrorCode::unsupported, "{} cannot have NAPI in threads: {}", made.name,
                        why_not("threaded"));
    if (const auto polls = options_.number("defer_hard_irqs"))
      apply("napi_defer_hard_irqs", fmt::format("{}", *polls));
    if (const auto ns = options_.number("gro_flush_timeout_ns"))
      apply("gro_flush_timeout", fmt::format("{}", *ns));
    change("rps", "0", with_no_cpus);
    return {};
  });
}

Result<std::vector<pid_t>> NicEnd::settle(bool polled) {
  if (!lent()) {
    auto settled = inside([&]() -> Result<void> {
      auto r = wait_for_carrier();
      return r ? place_interrupts() : r;
    });
    if (!settled) return settled.error();
  }
  return NetworkEnd::settle(polled);
}

Result<void> NicEnd::wait_for_carrier() const {
  for (int i = 0; i < kCarrierSteps; ++i) {
    const auto link = sys::get_link(made.name);
    if (!link) return link.error();
    if (link->carrier) return {};
    std::this_thread::sleep_for(kCarrierStep);
  }
  return make_error(ErrorCode::failed,
                    "{} has no carrier after 20 s: is the wire between the two ports in?",
                    made.name);
}

// What the link can carry, or why that is not known.
void NicEnd::read_link_rate() {
  made.link_bps.reset();
  made.link_unknown.clear();
  if (!on_a_bus(made.name))
    made.link_unknown = made.name + " is a virtual device: it has no line rate";
  else if (const auto speed = sys::get_link_speed(made.name); !speed)
    made.link_unknown = speed.error().message;
  else if (speed->mbps == 0)
    made.link_unknown = "the driver of " + made.name + " knows no link speed";
  else
    made.link_bps = 1e6 * speed->mbps;
  report_.link_bps = made.link_bps;
  report_.link_unknown = made.link_unknown;
}

Result<void> NicEnd::place_interrupts() {
  if (made.pci.empty()) return {};
  std::vector<std::string> names;
  for (const int irq : sys::pci_interrupts(made.pci)) names.push_back(sys::interrupt_name(irq));
  const std::string cpus = sys::cpus_text(made.cpus);
  std::vector<unsigned> queues = queues_of_interrupts(names, made.queues);
  std::size_t next = 0;
  if (change("irqs", cpus, [&](const std::string&) {
        const unsigned queue = next < queues.size() ? queues[next] : 0;
        ++next;
        return fmt::format("{}", made.cpu_of_queue(queue));
      }))
    return {};
  if (!is_dut() || options_.threaded()) return {};
  return make_error(ErrorCode::refused,
                    "the interrupts of {} cannot all be put on CPU {}: {}; set /testbed/napi to "
                    "\"threaded\", or choose another dut_cpu",
                    made.name, cpus, why_not("irqs"));
}

std::string NicEnd::why_not_spread() const {
  const char* setting = ipv6() ? "udp6-hash" : "udp4-hash";
  const auto fields = inside([&] { return undo::get_device_setting(made.name, setting); });
  if (!fields || fields->find('f') != std::string::npos) return {};
  return fmt::format(
      "{} chooses the queue of a UDP frame by \"{}\", without its ports, in which flows differ: "
      "set /testbed/rx_flow_hash to \"sdfn\"",
      made.name, *fields);
}

// i40e, ixgbe, igb, ice and virtio free a frame that is redirected into them, without a count,
// where they run no program.
Result<void> NicEnd::let_redirects_out() {
  const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_PASS},
                           {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  return inside([&]() -> Result<void> {
    const sys::Fd program(
        bpf_prog_load(BPF_PROG_TYPE_XDP, "pktbench_pass", "GPL", pass, std::size(pass), nullptr));
    if (!program) return system_error("load a program that passes all", errno);
    auto attached =
        sys::attach_xdp(made, program.get(), XDP_FLAGS_DRV_MODE,
                        "frames that are redirected into it are lost without one: use generator "
                        "packet-sendmmsg or udp-sendmmsg")
            .into(pass_);
    note({made.name, "xdp", "pass", "none", attached ? "pass" : "",
          attached ? "" : attached.error().message});
    return attached;
  });
}

void NicEnd::release_returned() noexcept {
  NetworkEnd::release_returned();
  pass_.link.reset();
}

std::vector<std::uint32_t> NicEnd::programs() const {
  auto all = NetworkEnd::programs();
  if (pass_.link) all.push_back(pass_.program.id);
  return all;
}

Result<DropCounts> NicEnd::drops_on_the_way_back() const {
  DropCounts drops;
  if (!second_)
    if (const auto link = sys::get_link(other())) drops["return_not_sent"] = link->tx_dropped;
  const auto now = inside([&] { return measure::read_device_statistics(made.name); });
  if (!now) return now.error();
  for (const auto& [place, n] :
       measure::drops_by_place(report_.driver, measure::PortEnd::receiver, *now))
    drops["return_" + place] = n;
  return drops;
}

Result<void> NicEnd::set_host(const std::vector<int>& cpus, undo::Journal& journal) {
  std::vector<std::pair<std::string, std::string>> wanted;
  if (const auto pages = options_.number("huge_pages"))
    wanted.emplace_back("/proc/sys/vm/nr_hugepages", fmt::format("{}", *pages));
  const std::string governor = options_.text("governor");
  for (const int cpu : governor.empty() ? std::vector<int>() : cpus)
    wanted.emplace_back(fmt::format("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", cpu),
                        governor);
  for (const auto& [path, value] : wanted) {
    auto done = undo::apply(undo::kernel_file(path), value, &journal);
    if (!done) return done.error();
    report_.settings.push_back(std::move(*done));
  }
  return {};
}

bool NicEnd::apply(const std::string& setting, const std::string& value) {
  // The journal has the whole port, and so there is no error of its own.
  return note(*undo::apply(undo::device_setting(made.name, setting), value, nullptr));
}

bool NicEnd::change(const std::string& setting, const std::string& asked,
                    const std::function<std::string(const std::string& word)>& make) {
  const auto now = undo::get_device_setting(made.name, setting);
  if (!now) return note({made.name, setting, asked, "", "", now.error().message});
  std::vector<std::string> words = sys::words_of(*now);
  for (std::string& word : words) word = make(word);
  return apply(setting, fmt::format("{}", fmt::join(words, " ")));
}

// "rx=N" of "rx=256 tx=256"; `off`: a part that would have it otherwise, switched off.
void NicEnd::change_part(const std::string& setting, const std::string& key,
                         std::optional<std::int64_t> value, const std::string& off) {
  if (!value) return;
  const std::string text = fmt::format("{}", *value);
  change(setting, text, [&](const std::string& word) {
    if (word == off) return word.substr(0, word.find('=')) + "=off";
    return word.starts_with(key + "=") ? key + "=" + text : word;
  });
}

bool NicEnd::note(Applied done) {
  const bool as_wanted = done.failed.empty();
  auto& all = report_.settings;
  const auto earlier = std::find_if(all.begin(), all.end(),
                                    [&](const Applied& s) { return s.setting == done.setting; });
  if (earlier == all.end())
    all.push_back(std::move(done));
  else
    *earlier = std::move(done);
  return as_wanted;
}

// REQUIRES: it was noted.
const std::string& NicEnd::why_not(const std::string& setting) const {
  return std::find_if(report_.settings.begin(), report_.settings.end(),
                      [&](const Applied& s) { return s.setting == setting; })
      ->failed;
}

}  // namespace pktbench::testbed
