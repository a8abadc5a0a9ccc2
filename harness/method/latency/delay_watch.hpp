// How late the stamped frames of a window were: what a backend and a traffic source have counted
// before it and after it.
//
// Threads: one controlling thread.
#pragma once

#include <optional>
#include <vector>

#include "harness/core/backend.hpp"
#include "harness/core/delays.hpp"
#include "harness/core/traffic.hpp"
#include "harness/core/trial.hpp"

namespace pktbench::method {

class DelayWatch {
 public:
  // Both outlive it and are started with `stamped`. `simulated`: no frame is really stamped, so
  // that there is no null path. Errors: `unsupported` where one of the two records nothing.
  static Result<DelayWatch> of(Backend& backend, TrafficSource& source, bool simulated);

  // While no frame is on its way, both.
  Result<void> before_window();
  // Sets the record's `latency`. REQUIRES: what was offered and received is counted in it.
  Result<void> after_window(TrialRecord& record);

 private:
  DelayWatch() = default;

  DelayRecorder* received_ = nullptr;
  DelayRecorder* sent_ = nullptr;
  NullPath null_path_;
  std::vector<DelayCounts> received_before_;
  std::vector<DelayCounts> sent_before_;
};

// By queue, since `before`. REQUIRES: of the same recorder, `before` the earlier.
std::vector<DelayCounts> delays_between(const std::vector<DelayCounts>& before,
                                        const std::vector<DelayCounts>& after);

}  // namespace pktbench::method
