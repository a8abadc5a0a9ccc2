// The clock of every testbed whose packets are real.
#pragma once

#include "harness/core/clock.hpp"

namespace pktbench::testbed {

class WallClock final : public Clock {
 public:
  std::uint64_t now_ns() override;
  ClockReading read() override;
  std::string reference() const override;
  // A signal ends the sleep at once when its handler has set `stop`.
  void sleep_ns(std::uint64_t ns, const StopFlag& stop) override;
};

}  // namespace pktbench::testbed
