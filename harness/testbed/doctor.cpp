#include "harness/testbed/doctor.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "harness/host/driver_facts.hpp"
#include "harness/sys/xdp_links.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench {

namespace {

Finding finding(Severity severity, std::string seen, std::string fix,
                std::vector<Setting> settings = {}) {
  return {severity, "", std::move(seen), "", std::move(fix), false, std::move(settings)};
}
Finding info(std::string seen, std::string fix = "") {
  return finding(Severity::info, std::move(seen), std::move(fix));
}
Finding warn(std::string seen, std::string fix, std::vector<Setting> settings = {}) {
  return finding(Severity::warn, std::move(seen), std::move(fix), std::move(settings));
}
Finding error(std::string seen, std::string fix, std::vector<Setting> settings = {}) {
  return finding(Severity::error, std::move(seen), std::move(fix), std::move(settings));
}
Finding unknown(std::string reason) {
  Finding made = info(std::move(reason));
  made.unknown = true;
  return made;
}
template <class T>
Finding unknown(const Result<T>& fact) {
  return unknown(fact.error().message);
}

// What a check is called, and why what it finds matters.
Finding check(const char* name, const char* why, Finding found) {
  found.check = name;
  found.why = why;
  return found;
}

// The same where `judge` makes the finding of a fact.
template <class T, class Judge, class... More>
Finding check(const char* name, const char* why, const Result<T>& fact, Judge judge,
              const More&... more) {
  return check(name, why, fact ? judge(*fact, more...) : unknown(fact));
}

Finding should_be_off(bool on, const std::string& fix, const std::vector<Setting>& settings) {
  return on ? warn("on", fix, settings) : info("off");
}

std::string with_cpu(std::string path, const std::string& cpu) {
  return path.replace(path.find('%'), 1, cpu);
}

Finding check_governor(const std::map<int, std::string>& governors, const HostFacts& facts) {
  std::set<std::string> names;
  std::vector<Setting> settings;
  for (const auto& [cpu, governor] : governors) {
    names.insert(governor);
    if (governor != "performance")
      settings.push_back({"", with_cpu(facts.cpufreq_path, fmt::format("{}", cpu)), "performance"});
  }
  const std::string seen = fmt::format("{}", fmt::join(names, ", "));
  if (settings.empty()) return info(seen);
  return warn(seen, "echo performance | tee " + with_cpu(facts.cpufreq_path, "*"),
              std::move(settings));
}

Finding check_idle_states(const HostFacts& facts) {
  constexpr unsigned kShortUs = 10;
  if (!facts.idle_states) return unknown(facts.idle_states);
  std::vector<std::string> deep;
  std::string files;
  for (const IdleState& state : *facts.idle_states)
    if (!state.disabled && state.latency_us > kShortUs) {
      deep.push_back(fmt::format("{} ({} us)", state.name, state.latency_us));
      files += " " + facts.idle_path + "/" + state.folder + "/disable";
    }
  if (deep.empty()) return info(fmt::format("none above {} us is enabled", kShortUs));
  return warn(fmt::format("enabled: {}", fmt::join(deep, ", ")), "echo 1 | tee" + files);
}

Finding check_isolation(const std::vector<int>& cpus) {
  return info("isolated CPUs: " + sys::cpus_text(cpus),
              cpus.empty() ? "add isolcpus=CPUS nohz_full=CPUS to the kernel's command line" : "");
}

Finding check_irqbalance(bool runs) {
  if (!runs) return info("not running");
  return warn("running", "systemctl stop irqbalance");
}

Finding check_huge_pages(const HostFacts& facts) {
  if (!facts.huge_pages_free) return unknown(facts.huge_pages_free);
  if (!facts.huge_page_kb) return unknown(facts.huge_page_kb);
  const long free = *facts.huge_pages_free, kb = *facts.huge_page_kb;
  const long mb = free * kb / 1024;
  const std::string seen = fmt::format("{} free of {} kB: {} MB", free, kb, mb);
  constexpr long kEnoughMb = 144;  // what the dpdk backend takes for one queue
  if (mb >= kEnoughMb) return info(seen);
  const long enough = kb > 0 ? (kEnoughMb * 1024 + kb - 1) / kb : kEnoughMb;
  const long taken = facts.huge_pages ? *facts.huge_pages - free : 0;
  return warn(seen, fmt::format("echo {} > {}", taken + enough, facts.huge_pages_path));
}

Finding check_iommu(long groups) {
  if (groups > 0) return info(fmt::format("{} groups", groups));
  return warn("no IOMMU groups",
              "add intel_iommu=on iommu=pt (Intel) or iommu=pt (AMD) to the kernel's "
              "command line, and enable VT-d or AMD-Vi in the firmware");
}

Finding check_jit(long jit, const HostFacts& facts) {
  if (jit != 0) return info("on");
  return error("off", "echo 1 > " + facts.bpf_jit_path, {{"", facts.bpf_jit_path, "1"}});
}

Finding check_mitigations(const std::map<std::string, std::string>& all) {
  std::vector<std::string> active;
  for (const auto& [name, state] : all)
    if (state.starts_with("Mitigation")) active.push_back(name);
  if (active.empty()) return info("none active");
  return info(fmt::format("active: {}", fmt::join(active, ", ")));
}

std::string explained(const std::string& seen, const std::string& driver) {
  const std::string fact = driver_fact(driver);
  return fact.empty() ? seen : fmt::format("{} ({}: {})", seen, driver, fact);
}

Finding check_safety(const PortFacts& port) {
  if (!port.safety.allowed)
    return error(fmt::format("refused: {}", fmt::join(port.safety.reasons, "; ")),
                 "choose another port, or move what this one carries");
  std::string seen = "the port may be used";
  for (const std::string& reason : port.safety.waived) seen += "; waived: " + reason;
  return info(seen);
}

Finding check_link(const PortFacts& port) {
  const std::string ends = "look at the cable and at the other end";
  const std::string speed_fix = ends + "; what each advertises: ethtool " + shell_word(port.name);
  if (!port.carrier) return unknown(port.carrier);
  if (!*port.carrier)
    return port.up ? error("no carrier", ends)
                   : error("the port is down", "ip link set dev " + shell_word(port.name) + " up");
  if (!port.speed) return unknown(port.speed);
  const sys::LinkSpeed& link = *port.speed;
  if (link.mbps == 0) return unknown("the driver tells no speed of the link");
  const char* duplex = !link.duplex_known ? "duplex unknown"
                       : link.full_duplex ? "full duplex"
                                          : "half duplex";
  const std::string seen = fmt::format("{} Mbit/s, {}", link.mbps, duplex);
  if (link.duplex_known && !link.full_duplex) return error(seen, speed_fix);
  if (link.highest_mbps <= link.mbps) return info(seen);
  return warn(fmt::format("{}; the port can do {}", seen, link.highest_mbps), speed_fix);
}

Finding check_pcie(const PcieLink& l, const PortFacts& port) {
  if (l.width <= 0 || l.speed.starts_with("Unknown"))
    return unknown("the device tells no width or speed of its link");
  const std::string seen = fmt::format("x{} at {}", l.width, l.speed);
  if (l.width == l.max_width && l.speed == l.max_speed) return info(seen + ", its maximum");
  return warn(fmt::format("{}; the card can do x{} at {}", seen, l.max_width, l.max_speed),
              "put the card into a wider or faster slot; look at lspci -vv -s " + port.pci);
}

Finding check_numa(long node, const PortFacts& port, const HostFacts& host) {
  if (node < 0) return unknown("the host does not tell the port's node");
  if (!port.node_cpus) return unknown(port.node_cpus);
  const std::string near = sys::cpus_text(*port.node_cpus);
  const std::string seen = fmt::format("node {}, CPUs {}", node, near);
  if (!host.cpus || *host.cpus == *port.node_cpus) return info(seen);
  return warn(seen + " of the host's " + sys::cpus_text(*host.cpus),
              "taskset -c " + near + " pktbench run …");
}

Finding check_irqs(const std::map<int, std::vector<int>>& irqs, const PortFacts& port) {
  if (irqs.empty()) return unknown("the port has no interrupts now");
  std::vector<std::string> placed;
  std::set<std::vector<int>> places;
  std::vector<int> off_node;
  for (const auto& [irq, cpus] : irqs) {
    places.insert(cpus);
    placed.push_back(fmt::format("{} on {}", irq, sys::cpus_text(cpus)));
    if (port.node_cpus && std::find_first_of(cpus.begin(), cpus.end(), port.node_cpus->begin(),
                                             port.node_cpus->end()) == cpus.end())
      off_node.push_back(irq);
  }
  const std::string seen = fmt::format("{}", fmt::join(placed, ", "));
  const std::string fix = "echo CPU > /proc/irq/IRQ/smp_affinity_list, for each";
  if (!off_node.empty())
    return warn(fmt::format("{}; away from the port's node: {}", seen, fmt::join(off_node, ", ")),
                fix);
  if (irqs.size() > 2 && places.size() == 1 && places.begin()->size() == 1)
    return warn(seen + ": all on one CPU", fix);
  return info(seen);
}

Finding check_queues(const sys::Channels& q, const PortFacts& port, const HostFacts& host) {
  const auto& cpus = port.node_cpus && !port.node_cpus->empty() ? port.node_cpus : host.cpus;
  if (!cpus) return unknown(cpus);
  const std::string seen = fmt::format("{} RX queues of at most {}, {} CPUs", q.receiving(),
                                       std::max(q.max_rx + q.max_combined, 1u), cpus->size());
  if (q.receiving() <= cpus->size()) return info(seen);
  return warn(seen, fmt::format("ethtool -L {} {} {}", shell_word(port.name),
                                q.max_combined > 0 ? "combined" : "rx", cpus->size()));
}

Finding check_rings(const sys::Rings& r, const PortFacts& port) {
  const std::string seen = fmt::format("rx {} of {}, tx {} of {}", r.rx, r.max_rx, r.tx, r.max_tx);
  if (r.rx >= r.max_rx && r.tx >= r.max_tx) return info(seen);
  return warn(seen,
              fmt::format("ethtool -G {} rx {} tx {}", shell_word(port.name), r.max_rx, r.max_tx),
              {{port.name, "rings", fmt::format("rx={} tx={}", r.max_rx, r.max_tx)}});
}

Finding check_pause(const sys::Pause& p, const PortFacts& port) {
  const auto text = [](bool on) { return on ? "on" : "off"; };
  const std::string seen =
      fmt::format("rx {}, tx {}, negotiated {}", text(p.rx), text(p.tx), text(p.autoneg));
  if (!p.rx && !p.tx && !p.autoneg) return info(seen);
  return warn(seen, "ethtool -A " + shell_word(port.name) + " autoneg off rx off tx off",
              {{port.name, "pause", "autoneg=off rx=off tx=off"}});
}

Finding check_link_sleeps(const std::vector<std::string>& states) {
  if (states.empty()) return info("none");
  return warn(fmt::format("{}", fmt::join(states, ", ")),
              fmt::format("echo 0 | tee {}", fmt::join(states, " ")));
}

Finding check_time_stamps(const sys::TimeStamping& stamps) {
  const std::string why = stamps.no_hardware();
  return info(fmt::format("software; {}; {}", stamps.kernel ? "kernel" : "not kernel",
                          why.empty() ? fmt::format("hardware, which the method does not read yet "
                                                    "(clock: PHC {})",
                                                    stamps.clock)
                                      : "not hardware: " + why));
}

Finding check_wake_on_lan(const std::string& events, const PortFacts& port) {
  return events == "d" ? info("off")
                       : info("on: " + events, "ethtool -s " + shell_word(port.name) + " wol d");
}

Finding check_mtu(const PortFacts& port) {
  if (port.mtu <= kLargestXdpMtu) return info(fmt::format("{}", port.mtu));
  return warn(
      fmt::format("{}, above {}, which is all that a page leaves", port.mtu, kLargestXdpMtu),
      "ip link set dev " + shell_word(port.name) + " mtu 1500", {{port.name, "mtu", "1500"}});
}

Finding check_xdp_programs(const PortFacts& port) {
  if (port.xdp.empty()) return info("none");
  std::vector<std::string> seen, fixes;
  for (const sys::XdpAttachment& xdp : port.xdp) {
    seen.push_back(fmt::format("id {} ({}{})", xdp.program_id, xdp.mode, sys::held_by(xdp)));
    fixes.push_back(sys::off_command(port.name, xdp));
  }
  return warn(fmt::format("{}", fmt::join(seen, ", ")), fmt::format("{}", fmt::join(fixes, "; ")));
}

Finding check_kernel_support(const PortFacts& port) {
  if (!port.xdp_features) return unknown(explained(port.xdp_features.error().message, port.driver));
  const sys::XdpFeatures& f = *port.xdp_features;
  const auto yes = [](bool can) { return can ? "yes" : "no"; };
  const std::string seen = explained(
      fmt::format("native XDP {}, redirect {}, takes redirected frames now {}, AF_XDP zero-copy "
                  "{}, offload {}",
                  yes(f.native), yes(f.redirect), yes(f.redirect_to), yes(f.zero_copy),
                  yes(f.offload)),
      port.driver);
  if (f.native) return info(seen);
  return warn(seen, "use xdp-generic, af_xdp with \"attach\": \"generic\", or sockets");
}

Finding check_dpdk_support(const std::vector<std::string>& drivers, const PortFacts& port) {
  if (!drivers.empty()) return info(fmt::format("{}", fmt::join(drivers, ", ")));
  // net_af_xdp attaches to the driver, and to nothing else.
  const bool native = port.xdp_features && port.xdp_features->native;
  const std::string release = dpdk_release_with(port.pci_id);
  return warn(explained("no driver of the installed DPDK knows this chip" +
                            (release.empty() ? "" : "; " + release),
                        port.driver),
              fmt::format("use dpdk with {}net_af_packet", native ? "net_af_xdp or " : ""));
}

}  // namespace

std::vector<Finding> check_host(const HostFacts& facts) {
  return {
      check("governor",
            "a governor that lowers the clock makes cycles and rates depend on the load",
            facts.governors, check_governor, facts),
      check("turbo", "turbo makes the clock depend on temperature and on what other cores do",
            facts.turbo, should_be_off,
            fmt::format("echo {:d} > {}", facts.turbo_path.ends_with("no_turbo"), facts.turbo_path),
            std::vector<Setting>()),
      check("c-states", "leaving a deep idle state takes longer than receiving a burst",
            check_idle_states(facts)),
      check("smt", "two threads of a core share its units: the neighbour's work costs cycles",
            facts.smt, should_be_off, "echo off > /sys/devices/system/cpu/smt/control",
            std::vector<Setting>()),
      check("isolcpus", "on a CPU that the scheduler shares, others' work disturbs a trial",
            facts.isolated, check_isolation),
      check("irqbalance", "it moves interrupts to other CPUs while a trial goes on",
            facts.irqbalance, check_irqbalance),
      check("huge-pages", "DPDK keeps its packet buffers in them; without them it is slower",
            check_huge_pages(facts)),
      check("iommu", "vfio-pci, by which DPDK takes a port safely, needs one", facts.iommu_groups,
            check_iommu),
      check("bpf-jit", "without it XDP programs are interpreted: every figure of theirs is wrong",
            facts.bpf_jit, check_jit, facts),
      check("mitigations",
            "mitigations of CPU faults cost cycles in every system call and indirect branch: "
            "compare only hosts that have the same",
            facts.mitigations, check_mitigations)};
}

std::vector<Finding> check_port(const PortFacts& port, const HostFacts& host) {
  std::vector<Finding> found = {
      check("safety", "a measurement takes the port down and replaces its programs",
            check_safety(port)),
      check("pcie", "a card in a narrow or slow slot is limited by the bus", port.pcie, check_pcie,
            port),
      check("numa", "a packet that crosses between sockets costs more cycles", port.numa_node,
            check_numa, port, host),
      check("aspm", "a PCIe link that sleeps wakes late: bursts after a silence are slow or lost",
            port.link_sleeps, check_link_sleeps),
      check("irq-placement", "the CPU that takes a queue's interrupt receives its packets",
            port.irqs, check_irqs, port),
      check("dpdk-support",
            "a chip that no poll-mode driver knows can only be had through the kernel",
            port.dpdk_drivers, check_dpdk_support, port)};
  if (port.name.empty()) return found;
  found.insert(
      found.end(),
      {check("link", "line rate is a bound on every figure; without a link nothing arrives",
             check_link(port)),
       check("queues", "queues beyond the CPUs share them; CPUs beyond the queues receive nothing",
             port.queues, check_queues, port, host),
       check("ring-sizes", "a short ring overflows when the receiving CPU is away for a moment",
             port.rings, check_rings, port),
       check("pause-frames",
             "a receiver that pauses the sender hides its losses: the offered rate falls",
             port.pause, check_pause, port),
       check("eee", "a link that sleeps between frames (802.3az) wakes late", port.eee,
             should_be_off, "ethtool --set-eee " + shell_word(port.name) + " eee off",
             std::vector<Setting>()),
       check("wake-on-lan", "it keeps the link, often a slower one, while the port is down",
             port.wake_on_lan, check_wake_on_lan, port),
       check("time-stamps", "which of the method latency's stamps this port can have",
             port.time_stamping, check_time_stamps),
       check("lro",
             "it merges packets before they are counted, and most drivers refuse XDP with it",
             port.lro, should_be_off, "ethtool -K " + shell_word(port.name) + " lro off",
             std::vector<Setting>{{port.name, "lro", "off"}}),
       check("mtu", "XDP needs a frame in one buffer: above the driver's limit it does not attach",
             check_mtu(port)),
       check("xdp-programs", "one is in the way of pktbench's own, and sees every packet first",
             check_xdp_programs(port)),
       check("kernel-support", "what the driver cannot do is unsupported here, not slow",
             check_kernel_support(port))});
  return found;
}

Result<std::vector<Applied>> apply_settings(const std::vector<Finding>& findings,
                                            undo::Journal& journal) {
  std::vector<Applied> done;
  for (const Finding& finding : findings)
    for (const auto& [device, name, value] : finding.settings) {
      auto applied =
          undo::apply(device.empty() ? undo::kernel_file(name) : undo::device_setting(device, name),
                      value, &journal);
      if (!applied) return applied.error();
      if (applied->before != value) done.push_back(std::move(*applied));
    }
  return done;
}

}  // namespace pktbench
