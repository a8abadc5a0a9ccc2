#include "harness/cli/metrics.hpp"

#include <spdlog/spdlog.h>

namespace pktbench::cli {

Result<std::unique_ptr<MetricsServer>> open_metrics(const std::optional<std::string>& address) {
  if (!address) return std::unique_ptr<MetricsServer>();
  auto server = MetricsServer::open(*address);
  if (server) spdlog::info("metrics: {}", (*server)->url());
  return server;
}

}  // namespace pktbench::cli
