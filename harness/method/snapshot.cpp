#include "harness/method/snapshot.hpp"

#include <fmt/format.h>

namespace pktbench::method {

std::string dropped_since(const Snapshot& before, const Snapshot& after) {
  std::string text;
  for (const auto& [place, n] : after.drops) {
    if (const std::uint64_t dropped = n - count_of(before.drops, place); dropped != 0)
      text += fmt::format("{}{} {}", text.empty() ? "; dropped: " : ", ", place, dropped);
  }
  return text;
}

void count_between(const Snapshot& before, const Snapshot& after, TrialRecord& r) {
  r.offered = {after.sent.packets - before.sent.packets, after.sent.bytes - before.sent.bytes,
               after.sent.unsent - before.sent.unsent, after.sent.refused - before.sent.refused};
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
  if (after.returned)
    r.returned = returned_between(*before.returned, *after.returned, sent_back(r.received));
}

Result<void> nothing_unnamed(const FirstFrames& who, const Snapshot& before, const Snapshot& after,
                             std::uint64_t tolerance) {
  const std::uint64_t sent = after.sent.packets - before.sent.packets;
  const std::uint64_t seen = after.accounted() - before.accounted();
  if (sent <= seen + tolerance) return {};
  return make_error(ErrorCode::failed,
                    "{} of the first {} frames, which overload nothing, were neither counted by {} "
                    "nor named as dropped{}",
                    sent - seen, sent, who.backend, dropped_since(before, after));
}

Result<void> frames_come_back(const FirstFrames& who, const Snapshot& before,
                              const Snapshot& after) {
  const std::uint64_t back = sent_back(after.received) - sent_back(before.received);
  if (back != 0 && after.returned->accounted() != before.returned->accounted()) return {};
  if (back == 0)
    return make_error(ErrorCode::failed, "{} sent back none of {} frames that it received",
                      who.backend, after.received.packets - before.received.packets);
  return make_error(ErrorCode::failed, "none of {} frames that {} sent back came to {}", back,
                    who.backend, who.generator);
}

Result<void> every_queue_counts(const FirstFrames& who, const Snapshot& before,
                                const Snapshot& after, std::uint32_t queues) {
  const auto& old = before.received.per_queue;
  const auto& now = after.received.per_queue;
  if (now.empty()) return {};
  for (std::size_t q = 0; q < queues; ++q)
    if (q >= now.size() || now[q] == (q < old.size() ? old[q] : 0))
      return make_error(ErrorCode::failed, "{} counted nothing on RX queue {} of {} on {}",
                        who.backend, q, queues, who.dut);
  return {};
}

}  // namespace pktbench::method
