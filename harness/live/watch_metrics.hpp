// What a Watch has counted, for Prometheus.
//
// Threads: none. Errors: none.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "harness/live/watch.hpp"

namespace pktbench {

// pktbench_packets_total and pktbench_bytes_total by queue and CPU. Source addresses are in none:
// each would be a series for ever.
std::vector<prometheus::MetricFamily> watch_metrics(const std::string& device,
                                                    const std::string& mode,
                                                    const WatchCounts& counts);

}  // namespace pktbench
