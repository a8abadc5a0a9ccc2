// Testbed `nic`: two ports of this host, joined by a wire. Each is moved into a namespace of its
// own, so that nothing but the generator's frames passes and no route or address of the host's is
// in the way; or both stay where they are, and then only the DUT has an address.
//
// A second pair of ports, where the scenario names one (dut_out and generator_in), takes what the
// workload forward sends; they go to the same namespaces and have no address.
//
// All that a port is, is written into the undo journal before anything is changed; down() gives it
// back, and `pktbench restore` does after a crash. A backend of DPDK's that takes the port's PCI
// function has it from lend() to lend(): the kernel's driver has it otherwise.
//
// Arrangements, which are never compared with each other:
//   softirq   the interrupts of each of the DUT's queues go to the queue's CPU, and NAPI runs there
//             as softirq
//   threaded  NAPI runs in threads, pinned to those CPUs
//
// What device interrupts cost on the DUT's CPU is charged to it. Frames that neither the backend
// nor a counter of the NIC's names are unaccounted, and may be up to `unnamed_loss`: not every NIC
// counts all that it drops. The first frames of a trial, which overload nothing, must all be named.
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "harness/testbed/host_testbed.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/testbed/nic_end.hpp"
#include "harness/testbed/nic_lending.hpp"
#include "harness/testbed/nic_options.hpp"
#include "harness/testbed/testbeds.hpp"

namespace pktbench::testbed {

namespace {

class NicTestbed final : public HostTestbed {
 public:
  explicit NicTestbed(const MakeReturnSink& make_sink)
      : generator_("generator", measure::PortEnd::sender, options_, make_sink),
        generator_in_("generator_in", measure::PortEnd::sender, options_, make_sink) {
    has_ends(generator_, dut_);
    generator_.faces(dut_);
    dut_.faces(generator_);
    generator_in_.faces(dut_out_);
    dut_out_.faces(generator_in_);
    generator_in_.made.ipv4 = kBehindDut;
  }

  Result<void> up(const Options& options, QueueRange queues) override {
    options_ = {options};
    if (auto r = options_.check(); !r) return r;
    if (auto r = find_ports(); !r) return r;
    if (auto r = choose_cpus(options, "nic", queues, generator_, dut_); !r) return r;
    generator_in_.made.cpus = generator_.made.cpus;
    dut_out_.made.cpus = dut_.made.cpus;
    return make([&] { return wire(); });
  }

  // A port that was set down has its settings and addresses, and no neighbours.
  Result<std::vector<std::string>> mend() override {
    const std::vector<NicEnd*> ends = all();
    const auto found = look_at({ends.begin(), ends.end()});
    if (!found) return found.error();
    if (!found->gone.empty())
      return make_error(ErrorCode::failed,
                        "{} is gone: somebody removed or renamed it, or moved it to another "
                        "namespace; start the run again",
                        found->gone.front());
    if (found->down.empty()) return std::vector<std::string>{};
    for (const NicEnd* end : ends)
      if (!end->lent())
        if (auto r = end->bring_up(); !r) return r.error();
    if (auto r = join(); !r) return r.error();
    return up_again(found->down);
  }

  Result<void> use_frames(const TrafficSpec& traffic) override {
    if (traffic.ip == 6 && !options_.own_namespaces())
      return make_error(ErrorCode::unsupported,
                        "IPv6 frames need the ports in namespaces of their own: set "
                        "/testbed/namespaces to \"own\"");
    if (auto r = dut_.use_frames(traffic); !r) return r;
    return generator_.use_frames(traffic);
  }

  Result<void> use_second_ports() override {
    if (!options_.has_second_ports())
      return make_error(ErrorCode::unsupported,
                        "a frame that is forwarded goes out of a second port of the DUT: name it "
                        "as /testbed/dut_out, and the generator's port at the other end of its "
                        "wire as /testbed/generator_in");
    if (!options_.own_namespaces())
      return make_error(ErrorCode::unsupported,
                        "forwarding needs the ports in namespaces of their own: set "
                        "/testbed/namespaces to \"own\"");
    return generator_.reach_behind_other();
  }
  End* dut_out() override { return &dut_out_; }
  End* generator_in() override { return &generator_in_; }

  Result<void> lend(const std::string& pci) override {
    if (pci == (dut_.lent() ? dut_.made.pci : "")) return {};
    if (dut_.lent()) {
      dut_.lend(false);
      if (auto r = take_port_back(dut_.was()); !r) return r;
      if (auto r = dut_.place(); !r) return r;
      if (auto r = dut_.configure(); !r) return r;
      if (auto r = join(); !r) return r;
    }
    if (pci.empty()) return {};
    const Port& dut = dut_.made;
    if (dut.pci != pci)
      return make_error(ErrorCode::unsupported,
                        "PCI device {} is not the port under test, which is {}{}", pci, dut.name,
                        dut.pci.empty() ? " and on no PCI bus" : " (" + dut.pci + ")");
    const std::string driver = dut_.report()->driver;
    if (auto r = lend_port(dut_.was(), driver, options_.text("dpdk_driver"), *journal_); !r)
      return r;
    dut_.lend(!is_bifurcated(driver));
    return {};
  }
  double unnamed_loss() const override { return options_.unnamed_loss(); }

  std::string why_virtual() const override {
    std::string why;
    for (const NicEnd* end : all())
      if (why.empty()) why = end->report()->why_virtual;
    return why;
  }
  std::string arrangement() const override { return options_.threaded() ? "threaded" : "softirq"; }

  Result<void> down() noexcept override {
    dut_.lend(false);
    return HostTestbed::down();
  }

 private:
  // A port that DPDK has gets them when it comes back.
  Result<void> make_queues() override {
    if (dut_.lent()) return {};
    if (auto r = dut_.set_queues(); !r) return r;
    return join();
  }

  // The DUT's first.
  std::vector<NicEnd*> all() {
    std::vector<NicEnd*> ends = {&dut_, &generator_};
    if (options_.has_second_ports()) ends.insert(ends.end(), {&dut_out_, &generator_in_});
    return ends;
  }
  std::vector<const NicEnd*> all() const {
    const std::vector<NicEnd*> ends = const_cast<NicTestbed*>(this)->all();
    return {ends.begin(), ends.end()};
  }

  Result<void> find_ports() {
    std::vector<std::string> found;
    for (NicEnd* end : all()) {
      if (auto r = end->find(); !r) return r;
      for (const NicEnd* other : all())
        if (other != end && other->was().ifindex == end->was().ifindex)
          return make_error(ErrorCode::invalid_input, "/testbed: {} and {} are both {}; choose two",
                            end->report()->role, other->report()->role, end->made.name);
      found.push_back(fmt::format("{} ({})", end->report()->role, end->made.name));
    }
    for (const std::string& name : options_.words(kKnownPorts)) {
      const auto is_it = [&](const NicEnd* end) { return end->made.name == name; };
      if (std::ranges::none_of(all(), is_it))
        return make_error(ErrorCode::invalid_input,
                          "--i-know-this-is {}: is none of the scenario's ports: {}", name,
                          fmt::join(found, ", "));
    }
    return {};
  }

  Result<void> wire() {
    if (options_.own_namespaces()) {
      const auto spaces = make_two_namespaces(*journal_);
      if (!spaces) return spaces.error();
      for (NicEnd* end : {&generator_, &generator_in_}) end->may_go_to(spaces->generator);
      for (NicEnd* end : {&dut_, &dut_out_}) end->may_go_to(spaces->dut);
    }
    for (NicEnd* end : all()) {
      if (auto r = journal_->record({"port", end->made.name, to_text(end->was())}); !r) return r;
      if (auto r = end->place(); !r) return r;
    }
    std::vector<int> cpus = dut_.made.cpus;
    cpus.push_back(generator_.made.cpus.front());
    if (auto r = dut_.set_host(cpus, *journal_); !r) return r;
    for (NicEnd* end : all())
      if (auto r = end->configure(); !r) return r;
    return join();
  }

  // REQUIRES: both ends are up, but for a lent one.
  Result<void> join() {
    // The host's own namespace has one address of the two.
    if (options_.own_namespaces() && !dut_.lent())
      for (const NicEnd* end : {&dut_, &generator_})
        if (auto r = end->meet_other(); !r) return r;
    for (NicEnd* end : all())
      if (!end->lent())
        if (auto r = end->after_carrier(); !r) return r;
    return {};
  }

  NicOptions options_;
  NicEnd generator_;
  NicEnd dut_{"dut", measure::PortEnd::receiver, options_};
  // Of a second wire, for what is forwarded.
  NicEnd generator_in_;
  NicEnd dut_out_{"dut_out", measure::PortEnd::sender, options_};
};

}  // namespace

TestbedType nic_testbed(MakeReturnSink make_sink) {
  return {.name = "nic",
          .summary = "two ports of this host, joined by a wire",
          .is_virtual = false,
          .options = nic_option_specs(),
          .probe = probe_napi_threads,
          .make = [make_sink = std::move(make_sink)] {
            return std::make_unique<NicTestbed>(make_sink);
          }};
}

}  // namespace pktbench::testbed
