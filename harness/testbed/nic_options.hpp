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

std::vector<OptionSpec> nic_option_specs();

// By the names of the specs.
struct NicOptions {
  Options said;

  Result<void> check() const;

  // Empty: as it is.
  std::string text(const std::string& name) const;
  // None: as it is.
  std::optional<std::int64_t> number(const std::string& name) const;

  // There is a second wire, for what is forwarded.
  bool has_second_ports() const { return !text("dut_out").empty(); }
  bool own_namespaces() const { return text("namespaces") == "own"; }
  bool threaded() const { return text("napi") == "threaded"; }
  double unnamed_loss() const { return option<double>(said, "unnamed_loss"); }

  // From the command line and never from a file (kAllowedPci, kKnownPorts).
  std::vector<std::string> words(const std::string& name) const;
};

}  // namespace pktbench::testbed
