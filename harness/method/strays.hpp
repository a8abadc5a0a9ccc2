// Frames of others at the DUT, without a look at any frame of a window: by what arrives while
// nothing is sent, and by more arriving than was sent. Pure functions, and the watch that uses
// them.
//
// What this cannot see: fewer frames than the wire lost unnamed, where the backend reads no tag and
// none of them came while the link was watched idle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/testbed.hpp"
#include "harness/core/trial.hpp"
#include "harness/measure/onlooker.hpp"
#include "harness/method/snapshot.hpp"

namespace pktbench::method {

using measure::PortFrames;

// One reading of the idle link.
struct Arrivals {
  std::uint64_t at_ns = 0;
  std::uint64_t counted = 0;  // by the backend, and at every place of drops
  PortFrames ports;
};

// What came between the first reading and the last.
struct IdleArrivals {
  std::uint64_t frames = 0;
  // Without the interval that had most: a lone frame, a burst and a device that tells its count
  // late leave nothing here.
  std::uint64_t repeated = 0;
  double seconds = 0;

  // True where as much in a window would be above the tolerance.
  bool steady(double window_s, std::uint64_t tolerance) const;
};

// A frame that both the backend and the device count is one.
IdleArrivals idle_arrivals(const std::vector<Arrivals>& readings);

// How many frames of others were in the window, at least. REQUIRES: the record is counted.
// `before` and `after`: of the ports, when the window's traffic had not begun and was over.
// More than was offered at the backend, and not at the DUT's port, is a fault of a count instead.
std::uint64_t foreign_in_window(const TrialRecord& record, const PortFrames& before,
                                const PortFrames& after);

// "about 1000 a second"; two digits.
std::string rate_text(const IdleArrivals& idle);

// Frames of others round one trial: watches the idle link, reads the ports' counters before and
// after the window, and looks what kind they are where there are any. Nothing of it while a window
// is open.
//
// Threads: one controlling thread.
class StrayWatch {
 public:
  // All of them outlive this.
  StrayWatch(Testbed& testbed, const TrialPlan& plan, const StopFlag& stop, TakeSnapshot snapshot)
      : testbed_(testbed), plan_(plan), stop_(stop), snapshot_(std::move(snapshot)) {}

  // REQUIRES: the gate is shut and the wire drained: what arrives is somebody else's. 15 ms;
  // 50 where something came, but not again.
  Result<void> watch_idle();

  // The same where more came than was sent. That alone may be a lone frame, which spoils nothing
  // before the window.
  Result<void> watch_idle_if(bool surplus) { return surplus ? watch_idle() : Result<void>{}; }

  void before_window() { before_ = read_ports(); }
  // REQUIRES: the window's frames are drained.
  Result<void> after_window();
  // REQUIRES: the record is counted.
  void count(const TrialRecord& record) {
    if (others_reach()) foreign_ = foreign_in_window(record, before_, after_);
  }

  // They come one after the other while nothing is sent: no trial now can be a valid one.
  bool steady() const { return idle_.steady(plan_.duration_s, plan_.tolerance_packets); }
  bool any() const { return steady() || foreign_ > plan_.tolerance_packets; }

  // A sentence with what arrived, and of which kind; empty where the steady ones were late frames
  // of the trial itself. REQUIRES: any(), and the backend is detached.
  std::string name(std::uint32_t trial_tag) const;

 private:
  // Nobody else's frames come to a port that is no network device.
  bool others_reach() const { return testbed_.dut().port().ifindex != 0; }
  PortFrames read_ports() const;

  Testbed& testbed_;
  const TrialPlan& plan_;
  const StopFlag& stop_;
  TakeSnapshot snapshot_;
  IdleArrivals idle_;  // of the last watch
  PortFrames before_;
  PortFrames after_;
  std::uint64_t foreign_ = 0;  // in the window, at least
};

}  // namespace pktbench::method
