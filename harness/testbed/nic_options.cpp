#include "harness/testbed/nic_options.hpp"

#include "harness/sys/caller.hpp"
#include "harness/sys/file.hpp"
#include "harness/testbed/host_testbed.hpp"
#include "harness/testbed/testbeds.hpp"

namespace pktbench::testbed {

namespace {

constexpr const char* kKeep = "keep";

OptionSpec kept_number(const char* name, double max, const std::string& help) {
  return number_option(name, -1, -1, max, help + "; -1: as it is");
}

}  // namespace

std::vector<OptionSpec> nic_option_specs() {
  return {
      text_option("dut", "",
                  "the port that receives: an interface's name or a PCI address; required"),
      text_option("generator", "", "the port that sends, at the other end of the wire; required"),
      text_option("dut_out", "",
                  "the DUT's second port, out of which the workload forward sends; an "
                  "interface's name or a PCI address"),
      text_option("generator_in", "",
                  "the generator's second port, at the other end of that wire, which counts what "
                  "comes"),
      choice_option("namespaces", {"own", "host"},
                    "own: each port is moved into a namespace of its own; host: both stay"),
      choice_option("virtual_ports", {"refuse", "allow"},
                    "ports that are no NIC's, such as a veth's ends: for trying things out"),
      generator_cpu_option(),
      dut_cpu_option("CPUs of the DUT's interrupts, NAPI and application, one a queue; auto: as "
                     "many as there are, of the port's NUMA node first"),
      choice_option("napi", {"softirq", "threaded"}, "where the DUT's NAPI runs, on its CPU"),
      choice_option("napi_policy", {"other", "fifo"},
                    "scheduling policy of NAPI threads: SCHED_OTHER or SCHED_FIFO 1"),
      number_option("unnamed_loss", 1.0, 0, 1,
                    "share of the frames that a valid trial may lose without a counter of the "
                    "NIC's naming them"),
      kept_number("rx_ring", 65536, "descriptors of the DUT's receive rings"),
      kept_number("tx_ring", 65536, "descriptors of the generator's transmit rings"),
      choice_option("rx_flow_hash", {kKeep, "sd", "sdfn"},
                    "fields of UDP that choose the DUT's RX queue: sd the addresses, sdfn the "
                    "ports too"),
      kept_number("rx_usecs", 100'000, "microseconds before the DUT interrupts, not adaptive"),
      kept_number("defer_hard_irqs", 1'000'000, "the DUT's napi_defer_hard_irqs"),
      kept_number("gro_flush_timeout_ns", 1e9, "the DUT's gro_flush_timeout"),
      choice_option("gro", {kKeep, "on", "off"}, "the DUT's generic receive offload"),
      choice_option("lro", {kKeep, "on", "off"}, "the DUT's large receive offload"),
      choice_option("tso", {kKeep, "on", "off"}, "the generator's TCP segmentation offload"),
      choice_option("xps", {kKeep, "off"}, "the generator's choice of queues by CPU"),
      choice_option("pause", {kKeep, "off"}, "pause frames of both ports"),
      choice_option("governor", {kKeep, "performance"}, "frequency governor of both CPUs"),
      kept_number("huge_pages", 1'000'000, "huge pages of the default size on this host"),
      choice_option(
          "dpdk_driver", {"vfio-pci", "vfio-pci-noiommu", "uio_pci_generic"},
          "the kernel's driver through which DPDK takes the DUT's port; the last two without "
          "an IOMMU, so that the NIC can write anywhere in memory")};
}

Result<void> NicOptions::check() const {
  for (const char* port : {"dut", "generator"})
    if (text(port).empty())
      return make_error(ErrorCode::invalid_input,
                        "/testbed/{}: missing: an interface's name or a PCI address; `{} doctor` "
                        "lists this host's ports",
                        port, sys::called_as());
  if (text("dut_out").empty() != text("generator_in").empty())
    return make_error(ErrorCode::invalid_input,
                      "/testbed: dut_out and generator_in are the two ends of one wire: give both "
                      "or neither");
  return {};
}

std::string NicOptions::text(const std::string& name) const {
  const auto value = option<std::string>(said, name);
  return value == kKeep ? "" : value;
}

std::optional<std::int64_t> NicOptions::number(const std::string& name) const {
  const auto value = option<std::int64_t>(said, name);
  return value < 0 ? std::nullopt : std::optional(value);
}

std::vector<std::string> NicOptions::words(const std::string& name) const {
  if (!said.contains(name)) return {};
  return sys::words_of(option<std::string>(said, name));
}

}  // namespace pktbench::testbed
