// --metrics, of `run` and `watch`.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/core/result.hpp"
#include "harness/live/metrics_server.hpp"

namespace pktbench::cli {

// Says where it answers. Null: not asked for.
Result<std::unique_ptr<MetricsServer>> open_metrics(const std::optional<std::string>& address);

}  // namespace pktbench::cli
