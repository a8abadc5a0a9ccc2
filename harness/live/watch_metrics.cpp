#include "harness/live/watch_metrics.hpp"

#include "bpf/counters.h"
#include "harness/live/families.hpp"

namespace pktbench {

std::vector<prometheus::MetricFamily> watch_metrics(const std::string& device,
                                                    const std::string& mode,
                                                    const WatchCounts& counts) {
  auto packets = family("pktbench_packets_total", "Frames that arrived, by RX queue and CPU.",
                        prometheus::MetricType::Counter);
  auto bytes = family("pktbench_bytes_total", "Their bytes, without the FCS.",
                      prometheus::MetricType::Counter);
  for (const auto& [place, count] : counts.parts) {
    const auto [queue, cpu] = place;
    const MetricLabels labels = {
        {"backend", "watch"},
        {"workload", "pass"},
        {"nic", device},
        {"mode", mode},
        {"queue", std::to_string(queue) + (queue < PB_MAX_QUEUES ? "" : "+")},
        {"cpu", std::to_string(cpu)}};
    add_count(packets, labels, static_cast<double>(count.packets));
    add_count(bytes, labels, static_cast<double>(count.bytes));
  }
  return {packets, bytes};
}

}  // namespace pktbench
