#include "harness/testbed/nic.hpp"

#include <utility>

#include "harness/testbed/host_testbed.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/testbed/nic_end.hpp"
#include "harness/testbed/nic_lending.hpp"
#include "harness/testbed/nic_options.hpp"

namespace pktbench::testbed {

namespace {

class NicTestbed final : public HostTestbed {
 public:
  explicit NicTestbed(MakeReturnSink make_sink) {
    generator_.returns_to(std::move(make_sink));
    has_ends(generator_, dut_);
    generator_.faces(dut_);
    dut_.faces(generator_);
  }

  Result<void> up(const Options& options, unsigned queues) override;
  Result<std::vector<std::string>> mend() override;
  Result<void> lend(const std::string& pci) override;
  double unnamed_loss() const override { return options_.unnamed_loss(); }
  std::string why_virtual() const override;
  std::string arrangement() const override { return options_.threaded() ? "threaded" : "softirq"; }
  Result<void> down() noexcept override;

 private:
  Result<void> find_ports();
  Result<void> wire();
  Result<void> join();

  NicOptions options_;
  NicEnd generator_{measure::PortEnd::sender, options_};
  NicEnd dut_{measure::PortEnd::receiver, options_};
};

Result<void> NicTestbed::up(const Options& options, unsigned queues) {
  if (auto r = NicOptions::read(options).into(options_); !r) return r;
  dut_.made.queues = queues;
  if (auto r = choose_cpus(options, "nic", generator_, dut_); !r) return r;
  if (auto r = find_ports(); !r) return r;
  return make([&] { return wire(); });
}

Result<void> NicTestbed::find_ports() {
  for (NicEnd* end : {&generator_, &dut_})
    if (auto r = end->find(); !r) return r;
  const std::string& dut = dut_.made.name;
  const std::string& generator = generator_.made.name;
  if (generator_.was().ifindex == dut_.was().ifindex)
    return make_error(ErrorCode::invalid_input,
                      "/testbed: generator and dut are both {}; choose two", dut);
  for (const std::string& name : options_.words(kKnownPorts))
    if (name != dut && name != generator)
      return make_error(ErrorCode::invalid_input,
                        "--i-know-this-is {}: is neither the scenario's generator ({}) nor its "
                        "dut ({})",
                        name, generator, dut);
  return {};
}

Result<void> NicTestbed::wire() {
  if (options_.own_namespaces()) {
    const auto spaces = make_two_namespaces(journal());
    if (!spaces) return spaces.error();
    generator_.may_go_to(spaces->generator);
    dut_.may_go_to(spaces->dut);
  }
  for (NicEnd* end : {&dut_, &generator_}) {
    if (auto r = journal().record({"port", end->made.name, to_text(end->was())}); !r) return r;
    if (auto r = end->place(); !r) return r;
  }
  if (auto r = dut_.set_host({generator_.made.cpus.front(), dut_.made.cpus.front()}, journal()); !r)
    return r;
  for (NicEnd* end : {&dut_, &generator_})
    if (auto r = end->configure(); !r) return r;
  return join();
}

// REQUIRES: both ends are up, but for a lent one.
Result<void> NicTestbed::join() {
  // The host's own namespace has one address of the two.
  if (options_.own_namespaces() && !dut_.lent())
    for (const NicEnd* end : {&dut_, &generator_})
      if (auto r = end->meet_other(); !r) return r;
  if (auto r = generator_.after_carrier(); !r || dut_.lent()) return r;
  return dut_.after_carrier();
}

Result<void> NicTestbed::lend(const std::string& pci) {
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
  if (auto r = lend_port(dut_.was(), driver, options_.text("dpdk_driver"), journal()); !r) return r;
  dut_.lend(!is_bifurcated(driver));
  return {};
}

// A port that was set down has its settings and addresses, and no neighbours.
Result<std::vector<std::string>> NicTestbed::mend() {
  const auto found = look_at({&generator_, &dut_});
  if (!found) return found.error();
  if (!found->gone.empty())
    return make_error(ErrorCode::failed,
                      "{} is gone: somebody removed or renamed it, or moved it to another "
                      "namespace; start the run again",
                      found->gone.front());
  if (found->down.empty()) return std::vector<std::string>{};
  for (const NicEnd* end : {&dut_, &generator_})
    if (!end->lent())
      if (auto r = end->bring_up(); !r) return r.error();
  if (auto r = join(); !r) return r.error();
  return up_again(found->down);
}

std::string NicTestbed::why_virtual() const {
  const std::string dut = dut_.report()->why_virtual;
  return dut.empty() ? generator_.report()->why_virtual : dut;
}

Result<void> NicTestbed::down() noexcept {
  dut_.lend(false);
  return HostTestbed::down();
}

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
