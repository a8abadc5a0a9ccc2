// How far CLOCK_REALTIME, by which the kernel stamps frames, is ahead of the monotonic clock. Both
// are slewed alike, so that it changes only when somebody sets the time.
#pragma once

#include <cstdint>

namespace pktbench::sys {

struct RealtimeAhead {
  std::int64_t ns = 0;
  std::uint64_t within_ns = 0;  // it is not further off than that
};

// Of several readings the closest. About 5 µs.
RealtimeAhead realtime_ahead();

}  // namespace pktbench::sys
