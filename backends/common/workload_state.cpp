#include "backends/common/workload_state.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

#include "backends/common/workload.hpp"

namespace pktbench::backends {

const std::vector<Workload>& workloads() {
  static const auto all = std::apply(
      [](const auto&... row) { return std::vector<Workload>{row...}; }, workload_table());
  return all;
}

const Workload& workload_of(const std::string& name) {
  static const Workload none;
  const auto found = std::find_if(workloads().begin(), workloads().end(),
                                  [&](const Workload& w) { return w.name == name; });
  return found == workloads().end() ? none : *found;
}

std::vector<WorkloadType> workload_types() { return {workloads().begin(), workloads().end()}; }

std::vector<std::string> workload_names() {
  std::vector<std::string> names;
  for (const Workload& workload : workloads()) names.emplace_back(workload.name);
  return names;
}

std::vector<std::string> workloads_but_pass() {
  std::vector<std::string> names;
  for (const Workload& workload : workloads())
    if (!workload.into_stack) names.push_back(workload.name);
  return names;
}

std::vector<std::string> workloads_of_one_port() {
  std::vector<std::string> names = workloads_but_pass();
  std::erase_if(names, [](const std::string& name) { return workload_of(name).forwards; });
  return names;
}

pb_hop header_of(const Hop& hop) {
  std::array<std::uint8_t, sizeof(pb_hop::macs)> macs{};
  std::ranges::copy(hop.out.mac, std::ranges::copy(hop.next, macs.begin()).out);
  return std::bit_cast<pb_hop>(macs);
}

std::map<std::string, std::uint64_t> workload_details(const Workload& workload,
                                                      std::span<const __u64, PB_OUTCOMES> outcomes,
                                                      std::uint64_t addresses) {
  std::map<std::string, std::uint64_t> details;
  for (const auto& [name, outcome] : workload.details) details[name] = outcomes[outcome];
  if (workload.counts_addresses) details["addresses"] = addresses;
  return details;
}

WorkloadState::WorkloadState(const Workload& workload)
    : workload_(workload), words_(std::make_unique<__u64[]>(PB_PORT_WORDS)), ports_(words_.get()) {
  ports_.set(PB_UDP_PORT, true);
  if (workload.counts_addresses) table_ = std::make_unique<AddressTable>();
}

std::map<std::string, std::uint64_t> WorkloadState::details() const {
  __u64 outcomes[PB_OUTCOMES];
  for (std::size_t i = 0; i < PB_OUTCOMES; ++i)
    outcomes[i] = outcomes_[i].load(std::memory_order_relaxed);
  return workload_details(workload_, outcomes, addresses_.load(std::memory_order_relaxed));
}

}  // namespace pktbench::backends
