#include "harness/method/first_frames.hpp"

#include <fmt/format.h>

#include <numeric>

namespace pktbench::method {

namespace {

constexpr std::uint64_t kFrames = 64;
// udp-sendmmsg changes the flow from batch to batch.
constexpr std::uint64_t kFramesPerFlow = 64;
constexpr std::uint64_t kFlowsPerQueue = 16;  // all missing one of two queues: once in 65,536 runs

std::uint64_t total(const QueueCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::uint64_t flows_for(const CaseSpec& spec) { return kFlowsPerQueue * spec.queues; }

}  // namespace

FirstFrames::FirstFrames(const CaseSpec& spec, const Testbed& testbed, const End& taker)
    : spec_(spec),
      testbed_(testbed),
      taker_(taker),
      dut_(testbed.dut().port().name),
      every_queue_(spec.queues > 1 && spec.traffic.flows >= flows_for(spec)) {
  if (every_queue_) at_device_ = testbed_.dut().received_by_queue();
}

std::uint64_t FirstFrames::number() const {
  return every_queue_ ? flows_for(spec_) * kFramesPerFlow : kFrames;
}

Result<void> FirstFrames::judge(const Snapshot& before, const Snapshot& after, bool all_sent,
                                std::uint64_t tolerance, const std::string& hint) const {
  if (auto r = arrived(before, after, hint); !r) return r;
  if (testbed_.unnamed_loss() > 0)
    if (auto r = nothing_unnamed(spec_.backend, before, after, tolerance); !r) return r;
  if (after.returned)
    if (auto r = come_back(before, after); !r) return r;
  if (!every_queue_ || !all_sent) return {};
  auto r = reach_every_queue(before, after);
  if (r) return r;
  const std::string why = testbed_.dut().why_not_spread();
  return make_error(r.error().code, "{}{}{}", r.error().message, why.empty() ? "" : "; ", why);
}

Result<void> FirstFrames::arrived(const Snapshot& before, const Snapshot& after,
                                  const std::string& hint) const {
  const std::uint64_t not_taken = after.sent.not_taken - before.sent.not_taken;
  const std::uint64_t sent = after.sent.packets - before.sent.packets + not_taken;
  if (sent == 0)
    return make_error(ErrorCode::failed, "generator {} sent nothing within 10 s", spec_.generator);
  if (after.received.packets != before.received.packets) return {};
  // Where the port counts them, and it was fewer than were sent.
  std::string left;
  if (const std::uint64_t n = after.offered(before); n < sent)
    left = fmt::format("; {} left {}", n == 0 ? "none" : fmt::format("{}", n),
                       testbed_.generator().port().name);
  return make_error(ErrorCode::failed, "none of {} frames sent to {} was counted by {}{}{}{}", sent,
                    dut_, spec_.backend, left, dropped_since(before, after),
                    hint.empty() ? "" : "; " + hint);
}

Result<void> nothing_unnamed(const std::string& backend, const Snapshot& before,
                             const Snapshot& after, std::uint64_t tolerance) {
  const std::uint64_t sent = after.offered(before);
  const std::uint64_t seen = after.accounted() - before.accounted();
  if (sent <= seen + tolerance) return {};
  return make_error(ErrorCode::failed,
                    "{} of the first {} frames, which overload nothing, were neither counted by {} "
                    "nor named as dropped{}",
                    sent - seen, sent, backend, dropped_since(before, after));
}

Result<void> FirstFrames::come_back(const Snapshot& before, const Snapshot& after) const {
  const std::uint64_t sent = sent_back(after.received) - sent_back(before.received);
  if (sent != 0 && after.returned->accounted() != before.returned->accounted()) return {};
  const char* const does = spec_.forwards ? "forwarded" : "sent back";
  if (sent == 0)
    return make_error(ErrorCode::failed, "{} {} none of {} frames that it received", spec_.backend,
                      does, after.received.packets - before.received.packets);
  return make_error(ErrorCode::failed, "none of {} frames that {} {} came to {}", sent,
                    spec_.backend, does, taker_.port().name);
}

Result<void> FirstFrames::reach_every_queue(const Snapshot& before, const Snapshot& after) const {
  auto r = every_queue_counts(spec_.backend, dut_, before.received.per_queue,
                              after.received.per_queue, spec_.queues);
  if (!r || !after.received.per_queue.empty()) return r;
  // Of a backend that does not tell, where all of its frames went by these counters.
  const QueueCounts now = testbed_.dut().received_by_queue();
  if (total(now) - total(at_device_) < after.received.packets - before.received.packets) return r;
  return every_queue_counts("the device", dut_, at_device_, now, spec_.queues);
}

Result<void> every_queue_counts(const std::string& who, const std::string& dut,
                                const QueueCounts& old, const QueueCounts& now,
                                std::uint32_t queues) {
  if (now.empty()) return {};
  for (std::size_t q = 0; q < queues; ++q)
    if (q >= now.size() || now[q] == (q < old.size() ? old[q] : 0))
      return make_error(ErrorCode::failed, "{} counted nothing on RX queue {} of {} on {}", who, q,
                        queues, dut);
  return {};
}

}  // namespace pktbench::method
