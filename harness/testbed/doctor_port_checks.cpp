#include <algorithm>
#include <set>

#include "harness/sys/xdp_links.hpp"
#include "harness/testbed/doctor_findings.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench {

namespace {

// What is known of drivers from the kernel's sources (to 6.18) and DPDK's releases. It explains
// what the kernel answered, and answers nothing itself.
struct DriverFact {
  const char* driver;
  const char* text;
};
constexpr DriverFact kDriverFacts[] = {
    {"ixgbe", "native XDP since Linux 4.12, zero-copy since 4.20"},
    {"i40e", "native XDP since Linux 4.13, zero-copy since 4.20"},
    {"ice", "native XDP and zero-copy since Linux 5.5"},
    {"mlx5_core", "native XDP since Linux 4.9, zero-copy since 5.3"},
    {"igb", "native XDP since Linux 5.10, zero-copy since 6.14"},
    {"igc", "native XDP since Linux 5.13, zero-copy since 5.14"},
    {"virtio_net", "native XDP since Linux 4.10, zero-copy since about 6.11"},
    {"veth", "native XDP since Linux 4.19, never zero-copy"},
    {"tun", "native XDP since Linux 4.14, never zero-copy"},
    {"r8169",
     "no native XDP, one queue, 256 descriptors; DPDK's r8169 PMD exists since 24.11: use "
     "sockets, xdp-generic, af_xdp with \"attach\": \"generic\", or dpdk with net_af_packet"},
    {"r8125", "no native XDP"},
    {"rtase", "no native XDP"},
    {"e1000", "no native XDP; DPDK has a PMD"},
    {"e1000e", "no native XDP; DPDK has a PMD"},
};

std::string explained(const std::string& seen, const std::string& driver) {
  for (const DriverFact& fact : kDriverFacts)
    if (driver == fact.driver) return seen + " (" + driver + ": " + fact.text + ")";
  return seen;
}

Finding check_safety(const PortFacts& port) {
  const char* check = "safety";
  const char* why = "a measurement takes the port down and replaces its programs";
  if (port.safety.allowed) {
    std::string seen = "the port may be used";
    for (const std::string& reason : port.safety.waived) seen += "; waived: " + reason;
    return make_finding(Severity::info, check, seen, why);
  }
  std::string seen;
  for (const std::string& reason : port.safety.reasons) seen += (seen.empty() ? "" : "; ") + reason;
  return make_finding(Severity::error, check, "refused: " + seen, why,
                      "choose another port, or move what this one carries");
}

Finding check_link(const PortFacts& port) {
  const char* check = "link";
  const char* why = "line rate is a bound on every figure; without a link nothing arrives";
  const std::string ends = "look at the cable and at the other end";
  const std::string speed_fix = ends + "; what each advertises: ethtool " + shell_word(port.name);
  if (port.carrier && !*port.carrier)
    return make_finding(Severity::error, check, port.up ? "no carrier" : "the port is down", why,
                        port.up ? ends : "ip link set dev " + shell_word(port.name) + " up");
  if (!port.carrier) return unknown_finding(check, port.carrier.error(), why);
  if (!port.speed) return unknown_finding(check, port.speed.error(), why);
  const sys::LinkSpeed& link = *port.speed;
  if (link.mbps == 0)
    return unknown_finding(
        check, make_error(ErrorCode::unsupported, "the driver tells no speed of the link"), why);
  const std::string duplex = !link.duplex_known ? "duplex unknown"
                             : link.full_duplex ? "full duplex"
                                                : "half duplex";
  std::string seen = std::to_string(link.mbps) + " Mbit/s, " + duplex;
  if (link.duplex_known && !link.full_duplex)
    return make_finding(Severity::error, check, seen, why, speed_fix);
  if (link.highest_mbps > link.mbps) {
    seen += "; the port can do " + std::to_string(link.highest_mbps);
    return make_finding(Severity::warn, check, seen, why, speed_fix);
  }
  return make_finding(Severity::info, check, seen, why);
}

Finding check_pcie(const PortFacts& port) {
  const char* check = "pcie";
  const char* why = "a card in a narrow or slow slot is limited by the bus";
  if (!port.pcie) return unknown_finding(check, port.pcie.error(), why);
  const PcieLink& l = *port.pcie;
  const auto text = [](int width, const std::string& speed) {
    return "x" + std::to_string(width) + " at " + speed;
  };
  if (l.width <= 0 || l.speed.starts_with("Unknown"))
    return unknown_finding(
        check, make_error(ErrorCode::unsupported, "the device tells no width or speed of its link"),
        why);
  const std::string seen = text(l.width, l.speed);
  if (l.width == l.max_width && l.speed == l.max_speed)
    return make_finding(Severity::info, check, seen + ", its maximum", why);
  return make_finding(Severity::warn, check,
                      seen + "; the card can do " + text(l.max_width, l.max_speed), why,
                      "put the card into a wider or faster slot; look at lspci -vv -s " + port.pci);
}

Finding check_numa(const PortFacts& port, const HostFacts& host) {
  const char* check = "numa";
  const char* why = "a packet that crosses between sockets costs more cycles";
  if (!port.numa_node) return unknown_finding(check, port.numa_node.error(), why);
  if (*port.numa_node < 0)
    return unknown_finding(
        check, make_error(ErrorCode::unsupported, "the host does not tell the port's node"), why);
  if (!port.node_cpus) return unknown_finding(check, port.node_cpus.error(), why);
  const std::string seen =
      "node " + std::to_string(*port.numa_node) + ", CPUs " + sys::cpus_text(*port.node_cpus);
  if (!host.cpus || *host.cpus == *port.node_cpus)
    return make_finding(Severity::info, check, seen, why);
  return make_finding(Severity::warn, check, seen + " of the host's " + sys::cpus_text(*host.cpus),
                      why, "taskset -c " + sys::cpus_text(*port.node_cpus) + " pktbench run …");
}

Finding check_irqs(const PortFacts& port) {
  const char* check = "irq-placement";
  const char* why = "the CPU that takes a queue's interrupt receives its packets";
  if (!port.irqs) return unknown_finding(check, port.irqs.error(), why);
  std::string seen;
  std::set<std::vector<int>> places;
  std::string off_node;
  for (const auto& [irq, cpus] : *port.irqs) {
    places.insert(cpus);
    seen += (seen.empty() ? "" : ", ") + std::to_string(irq) + " on " + sys::cpus_text(cpus);
    const bool near = !port.node_cpus || std::any_of(cpus.begin(), cpus.end(), [&](int cpu) {
      return std::find(port.node_cpus->begin(), port.node_cpus->end(), cpu) !=
             port.node_cpus->end();
    });
    if (!near) off_node += (off_node.empty() ? "" : ", ") + std::to_string(irq);
  }
  const std::string fix = "echo CPU > /proc/irq/IRQ/smp_affinity_list, for each";
  if (seen.empty())
    return unknown_finding(
        check, make_error(ErrorCode::unsupported, "the port has no interrupts now"), why);
  if (!off_node.empty())
    return make_finding(Severity::warn, check, seen + "; away from the port's node: " + off_node,
                        why, fix);
  if (port.irqs->size() > 2 && places.size() == 1 && places.begin()->size() == 1)
    return make_finding(Severity::warn, check, seen + ": all on one CPU", why, fix);
  return make_finding(Severity::info, check, seen, why);
}

Finding check_queues(const PortFacts& port, const HostFacts& host) {
  const char* check = "queues";
  const char* why = "queues beyond the CPUs share them; CPUs beyond the queues receive nothing";
  if (!port.queues) return unknown_finding(check, port.queues.error(), why);
  const auto& cpus = port.node_cpus && !port.node_cpus->empty() ? port.node_cpus : host.cpus;
  if (!cpus) return unknown_finding(check, cpus.error(), why);
  const sys::Channels& q = *port.queues;
  const std::string seen = std::to_string(q.receiving()) + " RX queues of at most " +
                           std::to_string(std::max(q.max_rx + q.max_combined, 1u)) + ", " +
                           std::to_string(cpus->size()) + " CPUs";
  if (q.receiving() <= cpus->size()) return make_finding(Severity::info, check, seen, why);
  return make_finding(Severity::warn, check, seen, why,
                      "ethtool -L " + shell_word(port.name) +
                          (q.max_combined > 0 ? " combined " : " rx ") +
                          std::to_string(cpus->size()));
}

Finding check_rings(const PortFacts& port) {
  const char* check = "ring-sizes";
  const char* why = "a short ring overflows when the receiving CPU is away for a moment";
  if (!port.rings) return unknown_finding(check, port.rings.error(), why);
  const sys::Rings& r = *port.rings;
  const std::string seen = "rx " + std::to_string(r.rx) + " of " + std::to_string(r.max_rx) +
                           ", tx " + std::to_string(r.tx) + " of " + std::to_string(r.max_tx);
  if (r.rx >= r.max_rx && r.tx >= r.max_tx) return make_finding(Severity::info, check, seen, why);
  const std::string rx = std::to_string(r.max_rx), tx = std::to_string(r.max_tx);
  Finding found = make_finding(Severity::warn, check, seen, why,
                               "ethtool -G " + shell_word(port.name) + " rx " + rx + " tx " + tx);
  found.settings = {{port.name, "rings", "rx=" + rx + " tx=" + tx}};
  return found;
}

Finding check_pause(const PortFacts& port) {
  const char* check = "pause-frames";
  const char* why = "a receiver that pauses the sender hides its losses: the offered rate falls";
  if (!port.pause) return unknown_finding(check, port.pause.error(), why);
  const sys::Pause& p = *port.pause;
  const auto text = [](bool on) { return on ? "on" : "off"; };
  const std::string seen =
      std::string("rx ") + text(p.rx) + ", tx " + text(p.tx) + ", negotiated " + text(p.autoneg);
  if (!p.rx && !p.tx && !p.autoneg) return make_finding(Severity::info, check, seen, why);
  Finding found =
      make_finding(Severity::warn, check, seen, why,
                   "ethtool -A " + shell_word(port.name) + " autoneg off rx off tx off");
  found.settings = {{port.name, "pause", "autoneg=off rx=off tx=off"}};
  return found;
}

Finding check_lro(const PortFacts& port) {
  const char* check = "lro";
  const char* why =
      "it merges packets before they are counted, and most drivers refuse XDP with it";
  if (!port.lro) return unknown_finding(check, port.lro.error(), why);
  if (!*port.lro) return make_finding(Severity::info, check, "off", why);
  Finding found = make_finding(Severity::warn, check, "on", why,
                               "ethtool -K " + shell_word(port.name) + " lro off");
  found.settings = {{port.name, "lro", "off"}};
  return found;
}

Finding check_mtu(const PortFacts& port) {
  const char* check = "mtu";
  const char* why = "XDP needs a frame in one buffer: above the driver's limit it does not attach";
  const std::string seen = std::to_string(port.mtu);
  if (port.mtu <= kLargestXdpMtu) return make_finding(Severity::info, check, seen, why);
  Finding found = make_finding(Severity::warn, check,
                               seen + ", above " + std::to_string(kLargestXdpMtu) +
                                   ", which is all that "
                                   "a page leaves",
                               why, "ip link set dev " + shell_word(port.name) + " mtu 1500");
  found.settings = {{port.name, "mtu", "1500"}};
  return found;
}

Finding check_xdp_programs(const PortFacts& port) {
  const char* check = "xdp-programs";
  const char* why = "one is in the way of pktbench's own, and sees every packet first";
  std::string seen;
  std::string fix;
  for (const sys::XdpAttachment& xdp : port.xdp) {
    seen += (seen.empty() ? "" : ", ") + std::string("id ") + std::to_string(xdp.program_id) +
            " (" + xdp.mode + sys::held_by(xdp) + ")";
    fix += (fix.empty() ? "" : "; ") + sys::off_command(port.name, xdp);
  }
  if (seen.empty()) return make_finding(Severity::info, check, "none", why);
  return make_finding(Severity::warn, check, seen, why, fix);
}

Finding check_kernel_support(const PortFacts& port) {
  const char* check = "kernel-support";
  const char* why = "what the driver cannot do is unsupported here, not slow";
  if (!port.xdp_features)
    return unknown_finding(check,
                           make_error(ErrorCode::unsupported,
                                      explained(port.xdp_features.error().message, port.driver)),
                           why);
  const sys::XdpFeatures& f = *port.xdp_features;
  const auto yes = [](bool can) { return can ? "yes" : "no"; };
  const std::string seen = std::string("native XDP ") + yes(f.native) + ", redirect " +
                           yes(f.redirect) + ", takes redirected frames now " + yes(f.redirect_to) +
                           ", AF_XDP zero-copy " + yes(f.zero_copy) + ", offload " + yes(f.offload);
  return make_finding(f.native ? Severity::info : Severity::warn, check,
                      explained(seen, port.driver), why,
                      f.native ? ""
                               : "use xdp-generic, af_xdp with \"attach\": \"generic\", or "
                                 "sockets");
}

Finding check_dpdk_support(const PortFacts& port) {
  const char* check = "dpdk-support";
  const char* why = "a chip that no poll-mode driver knows can only be had through the kernel";
  if (!port.dpdk_drivers) return unknown_finding(check, port.dpdk_drivers.error(), why);
  std::string seen;
  for (const std::string& name : *port.dpdk_drivers) seen += (seen.empty() ? "" : ", ") + name;
  if (!seen.empty()) return make_finding(Severity::info, check, seen, why);
  // net_af_xdp attaches to the driver, and to nothing else.
  const bool native = port.xdp_features && port.xdp_features->native;
  return make_finding(
      Severity::warn, check,
      explained("no driver of the installed DPDK knows this chip", port.driver), why,
      std::string("use dpdk with ") + (native ? "net_af_xdp or " : "") + "net_af_packet");
}

}  // namespace

std::vector<Finding> check_port(const PortFacts& port, const HostFacts& host) {
  std::vector<Finding> found = {check_safety(port), check_pcie(port), check_numa(port, host),
                                check_irqs(port), check_dpdk_support(port)};
  if (port.name.empty()) return found;
  found.insert(found.end(), {check_link(port), check_queues(port, host), check_rings(port),
                             check_pause(port), check_lro(port), check_mtu(port),
                             check_xdp_programs(port), check_kernel_support(port)});
  return found;
}

}  // namespace pktbench
