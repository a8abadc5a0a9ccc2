#include "harness/method/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/core/lookup.hpp"

namespace pktbench::method {

namespace {

constexpr std::uint64_t kStep = 2 * kMillisecond;
constexpr std::uint64_t kQuiet = 1000 * kMillisecond;  // without a change: no more will come
// The same where all that left the port is accounted for, and the rest lies in the port or never
// will leave it.
constexpr std::uint64_t kQuietOnWire = 100 * kMillisecond;
// Of threads that a busy host leaves waiting. Only what does not come at all takes that long.
constexpr std::uint64_t kTimeout = 10'000 * kMillisecond;
// A smaller part of what is missing is no change: it may be others' frames, one by one.
constexpr std::uint64_t kPart = 100;

}  // namespace

std::uint64_t count_of(const std::map<std::string, std::uint64_t>& counts,
                       const std::string& name) {
  const std::uint64_t* found = find_in(counts, name);
  return found ? *found : 0;
}

std::uint64_t sent_back(const Counters& received) {
  const std::uint64_t sent =
      count_of(received.details, "reflected") + count_of(received.details, "forwarded");
  return sent - std::min(sent, count_of(received.details, "not_sent"));
}

ReturnRecord returned_between(const Returned& before, const Returned& after,
                              std::uint64_t sent_back) {
  ReturnRecord r;
  r.sent_back = sent_back;
  r.packets = after.packets - before.packets;
  r.strays = after.strays - before.strays;
  for (const auto& [place, n] : after.drops) r.drops[place] = n - count_of(before.drops, place);
  r.unaccounted = static_cast<std::int64_t>(r.sent_back - (after.accounted() - before.accounted()));
  return r;
}

std::string fault_of(const ReturnRecord& r, std::uint64_t tolerance) {
  const auto limit = static_cast<std::int64_t>(tolerance);
  if (r.strays > tolerance)
    return fmt::format("{} frames came back with another trial's tag or another device's address",
                       r.strays);
  if (r.unaccounted > limit)
    return fmt::format("{} of {} frames sent back are unaccounted for", r.unaccounted, r.sent_back);
  if (r.unaccounted < -limit)
    return fmt::format("{} frames more came back than were sent back", -r.unaccounted);
  return "";
}

std::optional<PollTicks> ticks_between(const Counters& before, const Counters& after) {
  if (!before.polls || !after.polls) return std::nullopt;
  return PollTicks{after.polls->busy - before.polls->busy, after.polls->idle - before.polls->idle};
}

std::string dropped_since(const Snapshot& before, const Snapshot& after) {
  std::string text;
  for (const auto& [place, n] : after.drops) {
    if (const std::uint64_t dropped = n - count_of(before.drops, place); dropped != 0)
      text += fmt::format("{}{} {}", text.empty() ? "; dropped: " : ", ", place, dropped);
  }
  return text;
}

namespace {

// Whole turns that a short counter made unseen.
void count_turns(const DropCounts& turns, TrialRecord& r) {
  for (const auto& [place, turn] : turns) {
    const auto counted = r.drops.find(place);
    if (counted == r.drops.end()) continue;
    const auto whole = static_cast<std::int64_t>(turn);
    if (r.unaccounted < whole) continue;  // too few for a turn
    if (r.unaccounted % whole != 0) {
      // What it counted stays lost, at a place that is not known.
      r.unaccounted += static_cast<std::int64_t>(counted->second);
      r.drops.erase(counted);
      r.missing["drops." + place] = fmt::format(
          "its counter begins again after {} frames, and what is unaccounted for is no multiple of "
          "that",
          turn);
      continue;
    }
    counted->second += static_cast<std::uint64_t>(r.unaccounted);
    r.unaccounted = 0;
  }
}

}  // namespace

void count_between(const Snapshot& before, const Snapshot& after, const DropCounts& turns,
                   TrialRecord& r) {
  r.offered = {after.sent.packets - before.sent.packets, after.sent.bytes - before.sent.bytes,
               after.sent.unsent - before.sent.unsent, after.sent.refused - before.sent.refused,
               after.sent.not_taken - before.sent.not_taken};
  if (const std::uint64_t offered = after.offered(before); offered != r.offered.packets) {
    const double mean =
        static_cast<double>(r.offered.bytes) / static_cast<double>(r.offered.packets);
    r.offered.bytes = static_cast<std::uint64_t>(std::llround(mean * static_cast<double>(offered)));
    r.offered.not_taken += r.offered.packets - offered;
    r.offered.packets = offered;
  }
  if (after.left_the_port && before.left_the_port)
    r.left_the_port = *after.left_the_port - *before.left_the_port;
  if (after.pause_frames && before.pause_frames)
    r.pause_frames = *after.pause_frames - *before.pause_frames;
  r.received.packets = after.received.packets - before.received.packets;
  r.received.bytes = after.received.bytes - before.received.bytes;
  r.received.foreign = after.received.foreign - before.received.foreign;
  for (std::size_t q = 0; q < after.received.per_queue.size(); ++q) {
    const auto& old = before.received.per_queue;
    r.received.per_queue.push_back(after.received.per_queue[q] - (q < old.size() ? old[q] : 0));
  }
  for (const auto& [outcome, n] : after.received.details) {
    // A table's size is no count of frames: what it had come to at the end is the answer.
    const bool counts = outcome != "addresses";
    r.received.details[outcome] = n - (counts ? count_of(before.received.details, outcome) : 0);
  }
  std::uint64_t dropped = 0;
  for (const auto& [place, n] : after.drops) {
    const std::uint64_t was = count_of(before.drops, place);
    if (n < was) {
      r.missing["drops." + place] =
          fmt::format("its counter went back from {} to {}: the device was reset", was, n);
      continue;
    }
    dropped += r.drops[place] = n - was;
  }
  r.unaccounted = static_cast<std::int64_t>(r.offered.packets - r.received.packets - dropped);
  count_turns(turns, r);
  if (after.returned)
    r.returned = returned_between(*before.returned, *after.returned, sent_back(r.received));
}

Result<Snapshot> drain(const Snapshot& first, const TakeSnapshot& snapshot, Clock& clock,
                       const StopFlag& stop, std::uint64_t late_ns) {
  const std::uint64_t deadline = clock.now_ns() + kTimeout;
  auto last = snapshot();
  std::uint64_t changed = clock.now_ns();
  std::uint64_t arrived = last ? last->arrived() : 0;
  while (last && !last->settled(first) && !stop) {
    clock.sleep_ns(kStep, stop);
    auto now = snapshot();
    if (!now || (now->surplus(first) && last->surplus(first))) return now;
    const std::uint64_t now_ns = clock.now_ns();
    if (now->arrived() - arrived > now->outstanding(first) / kPart) {
      changed = now_ns;
      arrived = now->arrived();
    }
    last = std::move(now);
    const std::uint64_t quiet = last->settled_on_wire(first) ? kQuietOnWire : kQuiet;
    if (now_ns - changed >= quiet + late_ns || now_ns >= deadline) break;
  }
  return last;
}

}  // namespace pktbench::method
