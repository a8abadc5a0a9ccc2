#include "harness/testbed/nic_options.hpp"

#include <sstream>
#include <utility>

#include "harness/sys/called_as.hpp"
#include "harness/testbed/nic.hpp"
#include "harness/testbed/two_cpus.hpp"

namespace pktbench::testbed {

namespace {

constexpr const char* kKeep = "keep";

OptionSpec text(std::string name, std::string help) {
  return {.name = std::move(name),
          .default_value = std::string(),
          .choices = {},
          .min = {},
          .max = {},
          .help = std::move(help)};
}

// The first choice is the default.
OptionSpec choice(std::string name, std::vector<std::string> choices, std::string help) {
  OptionSpec spec = text(std::move(name), std::move(help));
  spec.default_value = choices.front();
  spec.choices = std::move(choices);
  return spec;
}

OptionSpec kept_number(std::string name, double max, std::string help) {
  return {.name = std::move(name),
          .default_value = std::int64_t{-1},
          .choices = {},
          .min = -1,
          .max = max,
          .help = std::move(help) + "; -1: as it is"};
}

std::vector<std::string> words(const Options& options, const char* name) {
  std::vector<std::string> found;
  const auto it = options.find(name);
  if (it == options.end()) return found;
  std::istringstream in(std::get<std::string>(it->second));
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

}  // namespace

std::vector<OptionSpec> nic_option_specs() {
  OptionSpec unnamed{.name = "unnamed_loss",
                     .default_value = 1.0,
                     .choices = {},
                     .min = 0,
                     .max = 1,
                     .help =
                         "share of the frames that a valid trial may lose without a counter of "
                         "the NIC's naming them"};
  return {
      text("dut", "the port that receives: an interface's name or a PCI address; required"),
      text("generator", "the port that sends, at the other end of the wire; required"),
      choice("namespaces", {"own", "host"},
             "own: each port is moved into a namespace of its own; host: both stay"),
      choice("virtual_ports", {"refuse", "allow"},
             "ports that are no NIC's, such as a veth's ends: for trying things out"),
      generator_cpu_option(),
      dut_cpu_option("CPU of the DUT's interrupts, NAPI and application; -1: the last"),
      choice("napi", {"softirq", "threaded"}, "where the DUT's NAPI runs, on its CPU"),
      choice("napi_policy", {"other", "fifo"},
             "scheduling policy of NAPI threads: SCHED_OTHER or SCHED_FIFO 1"),
      std::move(unnamed),
      kept_number("rx_ring", 65536, "descriptors of the DUT's receive rings"),
      kept_number("tx_ring", 65536, "descriptors of the generator's transmit rings"),
      kept_number("rx_usecs", 100'000, "microseconds before the DUT interrupts, not adaptive"),
      kept_number("defer_hard_irqs", 1'000'000, "the DUT's napi_defer_hard_irqs"),
      kept_number("gro_flush_timeout_ns", 1e9, "the DUT's gro_flush_timeout"),
      choice("gro", {kKeep, "on", "off"}, "the DUT's generic receive offload"),
      choice("lro", {kKeep, "on", "off"}, "the DUT's large receive offload"),
      choice("tso", {kKeep, "on", "off"}, "the generator's TCP segmentation offload"),
      choice("xps", {kKeep, "off"}, "the generator's choice of queues by CPU"),
      choice("pause", {kKeep, "off"}, "pause frames of both ports"),
      choice("governor", {kKeep, "performance"}, "frequency governor of both CPUs"),
      kept_number("huge_pages", 1'000'000, "huge pages of the default size on this host"),
      choice("dpdk_driver", {"vfio-pci", "vfio-pci-noiommu", "uio_pci_generic"},
             "the kernel's driver through which DPDK takes the DUT's port; the last two without "
             "an IOMMU, so that the NIC can write anywhere in memory")};
}

Result<NicOptions> read_nic_options(const Options& options) {
  NicOptions o;
  const auto text_of = [&](const char* name) { return option<std::string>(options, name); };
  const auto unless_kept = [&](const char* name) {
    const std::string value = text_of(name);
    return value == kKeep ? std::string() : value;
  };
  const auto number = [&](const char* name) {
    const auto value = option<std::int64_t>(options, name);
    return value < 0 ? std::nullopt : std::optional(value);
  };
  o.dut = text_of("dut");
  o.generator = text_of("generator");
  for (const auto& [key, value] : {std::pair("dut", o.dut), std::pair("generator", o.generator)})
    if (value.empty())
      return make_error(ErrorCode::invalid_input,
                        std::string("/testbed/") + key +
                            ": missing: an interface's name or a PCI address; `" +
                            sys::called_as() + " doctor` lists this host's ports");
  o.own_namespaces = text_of("namespaces") == "own";
  o.virtual_ports = text_of("virtual_ports") == "allow";
  o.unnamed_loss = option<double>(options, "unnamed_loss");
  o.threaded = text_of("napi") == "threaded";
  o.fifo = text_of("napi_policy") == "fifo";
  o.dpdk_driver = text_of("dpdk_driver");
  o.rx_ring = number("rx_ring");
  o.tx_ring = number("tx_ring");
  o.rx_usecs = number("rx_usecs");
  o.defer_hard_irqs = number("defer_hard_irqs");
  o.gro_flush_timeout_ns = number("gro_flush_timeout_ns");
  o.huge_pages = number("huge_pages");
  o.gro = unless_kept("gro");
  o.lro = unless_kept("lro");
  o.tso = unless_kept("tso");
  o.xps = unless_kept("xps");
  o.pause = unless_kept("pause");
  o.governor = unless_kept("governor");
  o.allowed_pci = words(options, kAllowedPci);
  o.known = words(options, kKnownPorts);
  return o;
}

}  // namespace pktbench::testbed
