// Every counter of a trial at one moment, what two such moments say (pure functions; `before` is
// the earlier one), and waiting for the frames that are on their way between the two.
//
// Threads: one controlling thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "harness/core/clock.hpp"
#include "harness/core/counters.hpp"
#include "harness/core/result.hpp"
#include "harness/core/return_sink.hpp"
#include "harness/core/trial.hpp"

namespace pktbench::method {

// The second conservation law is of trials whose workload sends frames back, or on to the
// generator's second port:
//   sent back by the backend's count = came back + strays + lost on the way back + unaccounted
// Frames lost there are no losses of the DUT, which has received them.

// 0 where there is none of that name.
std::uint64_t count_of(const std::map<std::string, std::uint64_t>& counts, const std::string& name);

// What a backend says it has sent back: what it turned round (`reflected`) but for what the way out
// refused (`not_sent`), or what it sent on (`forwarded`). 0 where its workload sends nothing.
std::uint64_t sent_back(const Counters& received);

// REQUIRES: `before` is the earlier one.
ReturnRecord returned_between(const Returned& before, const Returned& after,
                              std::uint64_t sent_back);

// Why a trial with this record is invalid; empty where it is not.
std::string fault_of(const ReturnRecord& record, std::uint64_t tolerance);

// Monotonic.
struct Snapshot {
  SentCounters sent;
  Counters received;
  DropCounts drops;  // the testbed's and the backend's
  // What left the sending port, by its own counter, and pause frames that held it; none: there is
  // no wire, or no port tells.
  std::optional<std::uint64_t> left_the_port;
  std::optional<std::uint64_t> pause_frames;
  std::optional<Returned> returned;

  std::uint64_t accounted() const {
    std::uint64_t n = received.packets;
    for (const auto& [place, count] : drops) n += count;
    return n;
  }
  // Everything that moves while frames are still on their way, there or back.
  std::uint64_t arrived() const {
    return accounted() + left_the_port.value_or(0) + (returned ? returned->accounted() : 0);
  }

  // Frames sent since `first` but for those that never left the port, though its driver took them.
  std::uint64_t offered(const Snapshot& first) const {
    const std::uint64_t taken = sent.packets - first.sent.packets;
    if (!left_the_port || !first.left_the_port) return taken;
    return std::min(taken, *left_the_port - *first.left_the_port);
  }

  // True where more is accounted for than was offered since `first`.
  bool surplus(const Snapshot& first) const {
    return accounted() - first.accounted() > sent.packets - first.sent.packets;
  }
  // Frames offered since `first` that are not accounted for.
  std::uint64_t outstanding(const Snapshot& first) const {
    if (surplus(first)) return 0;
    return sent.packets - first.sent.packets - (accounted() - first.accounted());
  }

  // As settled(), of the frames that have left the port so far.
  bool settled_on_wire(const Snapshot& first) const {
    return left_the_port && first.left_the_port && !returned &&
           accounted() - first.accounted() == offered(first);
  }

  // True where every frame sent since `first`, and every one sent back, is accounted for.
  bool settled(const Snapshot& first) const {
    if (accounted() - first.accounted() != sent.packets - first.sent.packets) return false;
    return !returned || returned->accounted() - first.returned->accounted() ==
                            sent_back(received) - sent_back(first.received);
  }
};

// Of the polls between the two; none where no loop spins.
std::optional<PollTicks> ticks_between(const Counters& before, const Counters& after);

// "; dropped: place n, ..." for what was dropped between the two; empty where nothing was.
std::string dropped_since(const Snapshot& before, const Snapshot& after);

// Fills in what the record has by counting: offered, received, drops, returned, unaccounted. The
// drops of a counter that went back are missing, with the reason. So are those of a place of
// `turns` (as End's), unless whole turns of its counter are all that is not accounted for.
void count_between(const Snapshot& before, const Snapshot& after, const DropCounts& turns,
                   TrialRecord& record);

using TakeSnapshot = std::function<Result<Snapshot>()>;

// REQUIRES: the gate is shut. Returns when every frame since `first` is accounted for, when
// (nearly) nothing moves any more, or when more has come than was sent, which no waiting mends.
// `late_ns`: how old what a snapshot tells may be.
Result<Snapshot> drain(const Snapshot& first, const TakeSnapshot& snapshot, Clock& clock,
                       const StopFlag& stop, std::uint64_t late_ns = 0);

}  // namespace pktbench::method
