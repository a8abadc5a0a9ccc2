#include "backends/common/workload_state.hpp"

#include <initializer_list>
#include <utility>

namespace pktbench::backends {

const std::vector<std::string>& workload_names() {
  static const std::vector<std::string> names = {"drop",   "touch",   "parse", "count-per-ip",
                                                 "filter", "reflect", "pass"};
  return names;
}

std::map<std::string, std::uint64_t> workload_details(const std::string& workload,
                                                      std::span<const __u64, PB_OUTCOMES> outcomes,
                                                      std::uint64_t addresses) {
  const auto named = [&](std::initializer_list<std::pair<const char*, pb_outcome>> names) {
    std::map<std::string, std::uint64_t> details;
    for (const auto& [name, outcome] : names) details[name] = outcomes[outcome];
    return details;
  };
  if (workload == "parse")
    return named({{"ok", PB_OK}, {"malformed", PB_MALFORMED}, {"other", PB_OTHER}});
  if (workload == "count-per-ip") {
    auto details = named({{"counted", PB_OK},
                          {"malformed", PB_MALFORMED},
                          {"other", PB_OTHER},
                          {"table_full", PB_TABLE_FULL}});
    details["addresses"] = addresses;
    return details;
  }
  if (workload == "filter") return named({{"filtered", PB_FILTERED}, {"passed", PB_PASSED}});
  if (workload == "reflect")
    return named({{"reflected", PB_REFLECTED}, {"malformed", PB_MALFORMED}, {"other", PB_OTHER}});
  if (workload == "pass") return named({{"passed", PB_PASSED}});
  return {};
}

WorkloadState::WorkloadState(const std::string& workload)
    : workload_(workload), words_(std::make_unique<__u64[]>(PB_PORT_WORDS)), ports_(words_.get()) {
  ports_.set(PB_UDP_PORT, true);
  if (workload == "count-per-ip") table_ = std::make_unique<AddressTable>();
}

std::map<std::string, std::uint64_t> WorkloadState::details() const {
  __u64 outcomes[PB_OUTCOMES];
  for (std::size_t i = 0; i < PB_OUTCOMES; ++i)
    outcomes[i] = outcomes_[i].load(std::memory_order_relaxed);
  return workload_details(workload_, outcomes, addresses_.load(std::memory_order_relaxed));
}

}  // namespace pktbench::backends
