#include "harness/testbed/nic.hpp"

#include <fcntl.h>

#include <cerrno>
#include <limits>
#include <optional>
#include <utility>

#include "harness/core/units.hpp"
#include "harness/measure/cpu_meter.hpp"
#include "harness/measure/disturbance.hpp"
#include "harness/measure/foreign_programs.hpp"
#include "harness/measure/thread_watch.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/testbed/napi_threads.hpp"
#include "harness/testbed/nic_lending.hpp"
#include "harness/testbed/nic_options.hpp"
#include "harness/testbed/nic_port.hpp"
#include "harness/testbed/nic_settings.hpp"
#include "harness/testbed/port_check.hpp"
#include "harness/testbed/two_cpus.hpp"
#include "harness/testbed/wall_clock.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::testbed {

namespace {

constexpr std::uint32_t kDeviceQueue = 65536;  // frames that a device may hold at most

// A port with what it was, what was made of it and what it loses.
struct NicPort {
  Port port;
  undo::PortState was;
  PortReport report;
  std::optional<DropMeter> meter;
};

class NicTestbed final : public Testbed {
 public:
  ~NicTestbed() override { (void)down(); }

  Result<void> up(const Options& options, unsigned queues) override;
  const Port& generator_port() const override { return generator_.port; }
  const Port& dut_port() const override { return dut_.port; }
  Result<std::vector<std::string>> mend() override;
  Result<std::vector<pid_t>> settle(bool backend_polls) override;
  Result<void> lend(const std::string& pci) override;
  Result<DropCounts> sample() override;
  std::map<std::string, std::string> missing_drops() const override;
  std::string receive_drop_place() const override {
    return dut_.report.driver == "veth" ? "veth_rx" : "";
  }
  std::vector<int> dut_softirq_cpus() const override;
  bool dut_interrupts() const override { return !dut_.port.pci.empty() && !options_.threaded; }
  double unnamed_loss() const override { return options_.unnamed_loss; }
  std::string why_virtual() const override;
  std::vector<PortReport> ports() const override { return {generator_.report, dut_.report}; }
  Clock& clock() override { return clock_; }
  CpuMeter& cpu_meter() override { return *meter_; }
  std::vector<DisturbanceSource*> disturbances() override;
  std::string arrangement() const override { return options_.threaded ? "threaded" : "softirq"; }
  Result<void> down() noexcept override;

 private:
  Result<void> find_ports();
  Result<void> make_namespaces();
  Result<void> record_and_place(NicPort& port);
  Result<void> place(NicPort& port);
  Result<void> configure(NicPort& port);
  Result<void> give_addresses(NicPort& port);
  // The host's own namespace has one address of the two.
  Result<void> meet() const {
    return options_.own_namespaces ? add_neighbours(generator_.port, dut_.port) : Result<void>();
  }
  Result<void> after_carrier(NicPort& port);
  bool is_dut(const NicPort& port) const { return &port == &dut_; }
  measure::PortEnd end_of(const NicPort& port) const {
    return is_dut(port) ? measure::PortEnd::receiver : measure::PortEnd::sender;
  }

  NicOptions options_;
  unsigned queues_ = 1;
  std::optional<undo::Journal> journal_;
  NicPort generator_;
  NicPort dut_;
  std::string lent_;  // the DUT's PCI address while user space has it
  std::uint64_t sampled_ns_ = 0;
  WallClock clock_;
  measure::DisturbanceSources disturbances_;
  std::unique_ptr<CpuMeter> meter_ = measure::make_cpu_meter();
};

Result<void> NicTestbed::up(const Options& options, unsigned queues) {
  auto read = read_nic_options(options);
  if (!read) return read.error();
  options_ = std::move(*read);
  queues_ = queues;
  auto cpus = choose_two_cpus(options, "nic");
  if (!cpus) return cpus.error();
  if (auto r = find_ports(); !r) return r;
  generator_.port.cpus = {cpus->generator};
  dut_.port.cpus = {cpus->dut};
  generator_.port.ipv4 = kGeneratorAddress;
  dut_.port.ipv4 = kDutAddress;
  auto journal = undo::Journal::create();
  if (!journal) return journal.error();
  journal_.emplace(std::move(*journal));

  auto made = [&]() -> Result<void> {
    if (options_.own_namespaces)
      if (auto r = make_namespaces(); !r) return r;
    for (NicPort* port : {&dut_, &generator_})
      if (auto r = record_and_place(*port); !r) return r;
    if (auto r = set_host(options_, {generator_.port.cpus.front(), dut_.port.cpus.front()},
                          *journal_, dut_.report);
        !r)
      return r;
    for (NicPort* port : {&dut_, &generator_})
      if (auto r = configure(*port); !r) return r;
    if (auto r = meet(); !r) return r;
    for (NicPort* port : {&generator_, &dut_})
      if (auto r = after_carrier(*port); !r) return r;
    return {};
  }();
  if (!made) {
    (void)down();
    return made;
  }
  disturbances_ = measure::host_disturbances(dut_.port.cpus, {generator_.port, dut_.port});
  disturbances_.push_back(measure::foreign_programs_source({generator_.port, dut_.port}));
  disturbances_.push_back(measure::thread_source(*meter_));
  return {};
}

Result<void> NicTestbed::find_ports() {
  for (NicPort* port : {&generator_, &dut_}) {
    const bool dut = is_dut(*port);
    auto found =
        find_port(dut ? "dut" : "generator", dut ? options_.dut : options_.generator, options_);
    if (!found) return found.error();
    port->was = std::move(found->state);
    port->report = std::move(found->report);
    port->port.name = port->was.name;
    port->port.pci = port->was.pci;
    port->meter.emplace(port->report.driver, end_of(*port));
  }
  if (generator_.was.ifindex == dut_.was.ifindex)
    return make_error(ErrorCode::invalid_input,
                      "/testbed: generator and dut are both " + dut_.was.name + "; choose two");
  for (const std::string& name : options_.known)
    if (name != dut_.was.name && name != generator_.was.name)
      return make_error(ErrorCode::invalid_input,
                        "--i-know-this-is " + name + ": is neither the scenario's generator (" +
                            generator_.was.name + ") nor its dut (" + dut_.was.name + ")");
  return {};
}

Result<void> NicTestbed::make_namespaces() {
  auto made = make_two_namespaces(*journal_);
  if (!made) return made.error();
  generator_.port.netns_path = generator_.was.away = made->generator;
  dut_.port.netns_path = dut_.was.away = made->dut;
  return {};
}

Result<void> NicTestbed::record_and_place(NicPort& port) {
  if (auto r = journal_->record({"port", port.was.name, to_text(port.was)}); !r) return r;
  return place(port);
}

// From the calling thread's namespace into its own, where it is to have one.
Result<void> NicTestbed::place(NicPort& port) {
  auto link = sys::get_link(port.port.name);
  if (!link) return link.error();
  if (!port.port.netns_path.empty()) {
    const sys::Fd there(open(port.port.netns_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!there) return system_error("open " + port.port.netns_path, errno);
    if (auto r = sys::move_link(link->ifindex, there.get()); !r) return r;
    auto inside = sys::NetnsScope::enter(port.port.netns_path);
    if (!inside) return inside.error();
    link = sys::get_link(port.port.name);
    if (!link) return link.error();
  }
  port.port.ifindex = link->ifindex;
  port.port.mac = link->mac;
  return {};
}

// Settings, addresses, link up. REQUIRES: the port is where it belongs.
Result<void> NicTestbed::configure(NicPort& port) {
  auto inside = sys::NetnsScope::enter(port.port.netns_path);
  if (!inside) return inside.error();
  if (is_dut(port)) {
    port.port.queues = queues_;
    if (auto r = set_queues(port.report, queues_); !r) return r;
  }
  set_before_up(options_, end_of(port), port.report);
  if (auto r = give_addresses(port); !r) return r;
  return sys::set_link_up(port.port.ifindex);
}

Result<void> NicTestbed::give_addresses(NicPort& port) {
  if (!options_.own_namespaces) {
    // Part of the port's recorded state, as are its addresses.
    const std::string conf = "/conf/" + port.port.name + "/";
    (void)sys::write_file("/proc/sys/net/ipv6" + conf + "disable_ipv6", "1");
    (void)sys::write_file("/proc/sys/net/ipv4" + conf + "rp_filter", "0");
    if (!is_dut(port)) return {};
  }
  return add_addresses(port.port, is_dut(port) ? 1 : kGeneratorAddresses);
}

// What exists, or is known, only when the link is up.
Result<void> NicTestbed::after_carrier(NicPort& port) {
  if (auto r = wait_for_carrier(port.port); !r) return r;
  auto inside = sys::NetnsScope::enter(port.port.netns_path);
  if (!inside) return inside.error();
  read_link_rate(port.report, port.port);
  port.meter->reset();
  return set_with_carrier(options_, end_of(port), port.port, port.report);
}

Result<void> NicTestbed::lend(const std::string& pci) {
  if (pci == lent_) return {};
  if (!lent_.empty()) {
    lent_.clear();
    if (auto r = take_port_back(dut_.was); !r) return r;
    if (auto r = place(dut_); !r) return r;
    if (auto r = configure(dut_); !r) return r;
    if (auto r = meet(); !r) return r;
    for (NicPort* port : {&generator_, &dut_})
      if (auto r = after_carrier(*port); !r) return r;
  }
  if (pci.empty()) return {};
  if (dut_.port.pci != pci)
    return make_error(
        ErrorCode::unsupported,
        "PCI device " + pci + " is not the port under test, which is " + dut_.port.name +
            (dut_.port.pci.empty() ? " and on no PCI bus" : " (" + dut_.port.pci + ")"));
  if (auto r = lend_port(dut_.was, dut_.report.driver, options_.dpdk_driver, *journal_); !r)
    return r;
  if (!is_bifurcated(dut_.report.driver)) lent_ = pci;
  return {};
}

// A port that was set down has its settings and addresses, and no neighbours.
Result<std::vector<std::string>> NicTestbed::mend() {
  std::vector<Port> ports = {generator_.port};
  if (lent_.empty()) ports.push_back(dut_.port);
  const auto found = look_at(ports);
  if (!found) return found.error();
  if (!found->gone.empty())
    return make_error(ErrorCode::failed,
                      found->gone.front() +
                          " is gone: somebody removed or renamed it, or moved it to another "
                          "namespace; start the run again");
  if (found->down.empty()) return std::vector<std::string>{};
  for (NicPort* port : {&dut_, &generator_}) {
    if (is_dut(*port) && !lent_.empty()) continue;
    auto inside = sys::NetnsScope::enter(port->port.netns_path);
    if (!inside) return inside.error();
    if (auto r = sys::set_link_up(port->port.ifindex); !r) return r.error();
  }
  if (lent_.empty())
    if (auto r = meet(); !r) return r.error();
  for (NicPort* port : {&generator_, &dut_}) {
    if (is_dut(*port) && !lent_.empty()) continue;
    if (auto r = after_carrier(*port); !r) return r.error();
  }
  return up_again(found->down);
}

Result<std::vector<pid_t>> NicTestbed::settle(bool) {
  // Attaching a program resets many a NIC, and giving one to DPDK the link to the other.
  if (auto r = wait_for_carrier(generator_.port); !r) return r.error();
  if (!lent_.empty()) return std::vector<pid_t>{};
  if (auto r = wait_for_carrier(dut_.port); !r) return r.error();
  if (options_.threaded) return place_napi_threads(dut_.port, options_.fifo);
  {
    auto inside = sys::NetnsScope::enter(dut_.port.netns_path);
    if (!inside) return inside.error();
    if (auto r = place_interrupts(options_, end_of(dut_), dut_.port, dut_.report); !r)
      return r.error();
  }
  return softirq_threads(dut_softirq_cpus());
}

Result<DropCounts> NicTestbed::sample() {
  const std::uint64_t now = sys::monotonic_ns();
  // The smallest frames at the link's rate; without a rate any number.
  std::uint64_t frames = std::numeric_limits<std::uint64_t>::max();
  if (const auto bps = dut_.port.link_bps)
    frames =
        kDeviceQueue + static_cast<std::uint64_t>(line_rate_pps(*bps, kMinFrameSize) *
                                                  static_cast<double>(now - sampled_ns_) / 1e9);
  sampled_ns_ = now;
  DropCounts drops;
  for (NicPort* port : {&generator_, &dut_}) {
    if (is_dut(*port) && !lent_.empty()) continue;
    auto inside = sys::NetnsScope::enter(port->port.netns_path);
    if (!inside) return inside.error();
    if (auto r = port->meter->read(port->port, frames); !r) return r.error();
    for (const auto& [place, n] : port->meter->drops()) drops[place] += n;
  }
  return drops;
}

std::map<std::string, std::string> NicTestbed::missing_drops() const {
  std::map<std::string, std::string> missing = generator_.meter->missing();
  if (lent_.empty())
    for (const auto& [place, why] : dut_.meter->missing()) missing[place] = why;
  return missing;
}

std::vector<int> NicTestbed::dut_softirq_cpus() const {
  if (options_.threaded || !lent_.empty()) return {};
  std::vector<int> cpus = dut_.port.cpus;
  // A virtual device's frames are handled where they are sent.
  if (dut_.port.pci.empty())
    cpus.insert(cpus.end(), generator_.port.cpus.begin(), generator_.port.cpus.end());
  return cpus;
}

std::string NicTestbed::why_virtual() const {
  return dut_.report.why_virtual.empty() ? generator_.report.why_virtual : dut_.report.why_virtual;
}

std::vector<DisturbanceSource*> NicTestbed::disturbances() {
  std::vector<DisturbanceSource*> sources;
  for (const auto& source : disturbances_) sources.push_back(source.get());
  return sources;
}

Result<void> NicTestbed::down() noexcept {
  disturbances_.clear();
  lent_.clear();
  if (!journal_) return {};
  // A failure leaves the journal for `pktbench restore`.
  auto undone = journal_->undo_all();
  journal_.reset();
  return undone;
}

}  // namespace

TestbedType nic_testbed() {
  return {.name = "nic",
          .summary = "two ports of this host, joined by a wire",
          .touches_host = true,
          .is_virtual = false,
          .options = nic_option_specs(),
          .probe = probe_napi_threads,
          .make = [] { return std::make_unique<NicTestbed>(); }};
}

}  // namespace pktbench::testbed
