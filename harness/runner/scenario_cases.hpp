// The cases of a scenario: every combination of what its lists name.
//
// Threads: none. Errors: none; what is wrong with a scenario is found before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/registry.hpp"
#include "harness/core/trial.hpp"
#include "harness/runner/scenario_check.hpp"

namespace pktbench {

// Of all frames, or a mix of sizes (core/frame_mix.hpp).
struct FrameSize {
  std::uint32_t bytes = 0;  // FCS included; of a mix the largest
  std::string mix = {};     // empty: none
  auto operator<=>(const FrameSize&) const = default;
};

// No list is empty or holds a value twice.
struct CaseGrid {
  Chosen generator;
  std::vector<std::optional<double>> rates;  // packets per second; none: as fast as possible
  std::vector<FrameSize> frame_sizes;
  std::vector<std::uint32_t> ips;  // 4, 6
  std::vector<unsigned> queues;
  std::vector<std::uint32_t> flows;
  std::vector<std::string> workloads;
  std::vector<std::uint16_t> filter_ports;  // UDP, of the workload `filter`; empty without it
  std::vector<Chosen> backends;
  std::vector<std::string> testbed_labels = {""};
};

// Of the registry's table; one that only a backend has is of no special kind.
WorkloadType workload_of(const std::string& name, const Registry& registry);

// Not an integer, since it may be larger than any.
double case_count(const CaseGrid& grid);

// What every backend of a scenario may be given beside its own options.
const std::vector<OptionSpec>& common_backend_options();

// Its own options, then the common ones.
std::vector<OptionSpec> all_backend_options(const BackendType& type);

// Rates vary slowest, then frame sizes, IP versions, queues, flows, workloads, backends, and
// testbeds fastest, so that the cases that a reader compares stand next to each other.
//
// Ids are unique: "xdp-native/drop/64B/1q/1f" ("imix" in place of "64B" for a mix), then "/ipv6",
// then "/10000pps" where the rate is limited, then
// "/testbed=LABEL" where there are several, then
// "/key=value" for each option that differs from its default, where the grid has this backend more
// than once. Other characters than letters, digits and -._~:+,@ are written %XX in a value.
std::vector<CaseSpec> expand(const CaseGrid& grid, const Registry& registry);

}  // namespace pktbench
