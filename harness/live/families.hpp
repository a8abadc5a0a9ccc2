// Metrics as prometheus-cpp has them, made of names, labels and values.
//
// Threads: none. Errors: none.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/text/clean_text.hpp"

namespace pktbench {

// In the order in which they are shown; one that is empty is left out, which Prometheus takes for
// the same.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

inline prometheus::MetricFamily family(std::string name, std::string help,
                                       prometheus::MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

inline prometheus::ClientMetric& add_labelled(prometheus::MetricFamily& to,
                                              const MetricLabels& labels) {
  auto& made = to.metric.emplace_back();
  for (const auto& [name, value] : labels)
    if (!value.empty()) made.label.push_back({name, clean_line(value)});
  return made;
}

// To a family of the type Counter; whole numbers are exact up to 2^53.
inline void add_count(prometheus::MetricFamily& to, const MetricLabels& labels, double value) {
  add_labelled(to, labels).counter.value = value;
}

// To a family of the type Gauge.
inline void add_gauge(prometheus::MetricFamily& to, const MetricLabels& labels, double value) {
  add_labelled(to, labels).gauge.value = value;
}

}  // namespace pktbench
