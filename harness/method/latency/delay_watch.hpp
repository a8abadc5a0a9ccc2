// How late the stamped frames of a window were: what a backend and a traffic source have counted
// before it and after it.
//
// Threads: one controlling thread.
#pragma once

#include <string>
#include <vector>

#include "harness/core/backend.hpp"
#include "harness/core/delays.hpp"
#include "harness/core/end.hpp"
#include "harness/core/port.hpp"
#include "harness/core/traffic.hpp"
#include "harness/core/trial.hpp"
#include "harness/method/validity.hpp"
#include "harness/sys/realtime.hpp"

namespace pktbench::method {

class DelayWatch {
 public:
  // One way: by the backend's records. Both outlive it and are started with `stamped`.
  // `simulated`: no frame is really stamped, so that there is no null path. Errors: `unsupported`
  // where one of the two records nothing.
  // `stamp`: of the frames, as the backend was told.
  static Result<DelayWatch> of(Backend& backend, TrafficSource& source, Stamp stamp,
                               bool simulated);
  // There and back: by those of `end`, which has taken stamped frames that come back.
  static Result<DelayWatch> of_returned(End& end, TrafficSource& source, bool simulated);

  // While no frame is on its way, both.
  Result<void> before_window();
  // Sets the record's `latency`, and adds what spoilt it. REQUIRES: what was offered and received
  // is counted in it.
  Result<void> after_window(TrialRecord& record, std::vector<Disturbed>& disturbances);

 private:
  DelayWatch() = default;
  static Result<DelayWatch> between(DelayRecorder* received, const char* receiver,
                                    TrafficSource& source, bool simulated);

  bool one_way_ = true;
  Stamp stamp_ = Stamp::software;
  sys::RealtimeAhead ahead_;  // before the window; of the kernel's stamps
  DelayRecorder* received_ = nullptr;
  DelayRecorder* sent_ = nullptr;
  NullPath null_path_;
  std::vector<DelayCounts> received_before_;
  std::vector<DelayCounts> sent_before_;
};

// Errors: `unsupported`, with what the port says, where it has no such stamps.
Result<void> has_stamps(const Port& port, Stamp stamp);

// What is to be said of the kernel's clock between the two readings; empty: nobody has set it.
std::string clock_was_set(const sys::RealtimeAhead& before, const sys::RealtimeAhead& after);

// By queue, since `before`. REQUIRES: of the same recorder, `before` the earlier.
std::vector<DelayCounts> delays_between(const std::vector<DelayCounts>& before,
                                        const std::vector<DelayCounts>& after);

}  // namespace pktbench::method
