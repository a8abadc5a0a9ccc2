// What a scenario may say of testbed `nic`.
//
// Threads: values. Errors: `invalid_input`, naming the key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/options.hpp"
#include "harness/core/result.hpp"

namespace pktbench::testbed {

struct NicOptions {
  std::string dut;  // interface name or PCI address
  std::string generator;
  bool own_namespaces = true;
  bool virtual_ports = false;
  double unnamed_loss = 1;
  bool threaded = false;  // NAPI in threads
  bool fifo = false;      // these are SCHED_FIFO
  std::string dpdk_driver;
  // None: as it is.
  std::optional<std::int64_t> rx_ring;
  std::optional<std::int64_t> tx_ring;
  std::optional<std::int64_t> rx_usecs;
  std::optional<std::int64_t> defer_hard_irqs;
  std::optional<std::int64_t> gro_flush_timeout_ns;
  std::optional<std::int64_t> huge_pages;
  std::string gro;  // "on", "off"; empty: as it is
  std::string lro;
  std::string tso;
  std::string xps;
  std::string pause;
  std::string governor;
  // From the command line and never from a file: PCI addresses that may be used, and interfaces
  // whose refusal is waived.
  std::vector<std::string> allowed_pci;
  std::vector<std::string> known;
};

std::vector<OptionSpec> nic_option_specs();

Result<NicOptions> read_nic_options(const Options& options);

}  // namespace pktbench::testbed
