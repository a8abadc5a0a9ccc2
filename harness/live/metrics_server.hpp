// Answers Prometheus over HTTP with what was last put here.
//
// Threads: those of the HTTP library answer; one controlling thread calls what is here. A scrape
// reads a copy in memory, and nothing of the kernel or of what is measured.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/clock.hpp"
#include "harness/core/result.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace pktbench {

struct MetricsAddress {
  std::string host;  // IPv4; 127.0.0.1 where only a port was given
  std::uint16_t port = 0;
};

// "9100", "127.0.0.1:9100", "0.0.0.0:9100"; port 0: any free one. Errors: `invalid_input`.
Result<MetricsAddress> parse_metrics_address(const std::string& text);

class MetricsServer {
 public:
  // Listens when it returns. Errors: `invalid_input` for what is no address of this host, `refused`
  // where the port cannot be had.
  static Result<std::unique_ptr<MetricsServer>> open(const std::string& address);

  // Answers whoever still waits.
  virtual ~MetricsServer() = default;

  // "http://127.0.0.1:9100/metrics"
  virtual std::string url() const = 0;

  // What is answered from now on.
  virtual void put(std::vector<prometheus::MetricFamily> families) = 0;

  // Keeps the library's threads on these CPUs.
  virtual Result<void> place(const std::vector<int>& cpus) = 0;

  // Until release() nobody is answered; who asks waits for it. Returns when those who were being
  // answered have had the time for it.
  virtual void hold() = 0;
  virtual void release() = 0;

  // Until somebody has got what was put last: a few seconds at most, and not at all where nobody
  // ever asked, or once `stop` is set.
  virtual void wait_for_reader(const StopFlag& stop) = 0;
};

}  // namespace pktbench
