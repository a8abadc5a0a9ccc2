#include "harness/measure/queue_counters.hpp"

#include <fmt/format.h>

#include "harness/core/lookup.hpp"

namespace pktbench::measure {

namespace {

// Of the kernel's drivers/net; {} stands for the queue's number.
constexpr const char* kReceived[] = {
    "rx_queue_{}_packets",      // igb, igc, ixgbe, ice, virtio_net before 6.8
    "rx_queue_{}_xdp_packets",  // veth: every frame that its NAPI took, with or without a program
    "rx{}_packets",             // virtio_net, mlx5, mlx4 (as rx0_packets), bnxt
    "rx-{}.packets",            // i40e
    "rx-{}.rx_packets",         // i40e before 5.0
    "queue_{}_rx_cnt",          // ena
};

}  // namespace

std::vector<std::uint64_t> received_by_queue(const std::map<std::string, std::uint64_t>& statistics,
                                             unsigned queues) {
  for (const char* counter : kReceived) {
    std::vector<std::uint64_t> made;
    for (unsigned queue = 0; queue < queues; ++queue)
      if (const auto* n = find_in(statistics, fmt::format(fmt::runtime(counter), queue)))
        made.push_back(*n);
    if (made.size() == queues) return made;
  }
  return {};
}

}  // namespace pktbench::measure
