#include "harness/method/latency/delay_watch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "harness/measure/histogram.hpp"
#include "harness/measure/null_path.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::method {

Result<DelayWatch> DelayWatch::of(Backend& backend, TrafficSource& source, Stamp stamp,
                                  bool simulated) {
  auto made = between(dynamic_cast<DelayRecorder*>(&backend), "backend", source, simulated);
  if (made) made->stamp_ = stamp;
  return made;
}

Result<DelayWatch> DelayWatch::of_returned(End& end, TrafficSource& source, bool simulated) {
  auto made = between(end.returned_delays(), "generator's end", source, simulated);
  if (made) made->one_way_ = false;
  return made;
}

Result<DelayWatch> DelayWatch::between(DelayRecorder* received, const char* receiver,
                                       TrafficSource& source, bool simulated) {
  DelayWatch made;
  made.received_ = received;
  made.sent_ = dynamic_cast<DelayRecorder*>(&source);
  if (!made.received_ || !made.sent_)
    return make_error(ErrorCode::unsupported, "the {} records no delays",
                      made.received_ ? "traffic source" : receiver);
  if (!simulated) made.null_path_ = measure::null_path();
  return made;
}

Result<void> DelayWatch::before_window() {
  if (stamp_ == Stamp::kernel) {
    ahead_ = sys::realtime_ahead();
    received_->set_realtime_ahead(ahead_.ns);
  }
  if (auto r = received_->delays().into(received_before_); !r) return r;
  return sent_->delays().into(sent_before_);
}

Result<void> DelayWatch::after_window(TrialRecord& record, std::vector<Disturbed>& disturbances) {
  if (stamp_ == Stamp::kernel)
    if (std::string why = clock_was_set(ahead_, sys::realtime_ahead()); !why.empty())
      disturbances.push_back({"clock", std::move(why)});
  const auto received = received_->delays();
  if (!received) return received.error();
  const auto sent = sent_->delays();
  if (!sent) return sent.error();
  LatencyRecord made;
  made.stamp = to_string(stamp_);
  made.one_way = one_way_;
  made.null_path = null_path_;
  for (const DelayCounts& queue : delays_between(received_before_, *received)) {
    const measure::Histogram histogram(queue.buckets);
    made.count += histogram.count();
    made.duplicated += queue.duplicated;
    made.reordered += queue.reordered;
    made.unstamped += queue.unstamped;
    made.early += queue.early;
    made.beyond += queue.beyond;
    made.histograms.push_back(histogram.encoded());
  }
  made.lost = static_cast<std::int64_t>(record.offered.packets - made.count);
  made.lateness = measure::Histogram(delays_between(sent_before_, *sent).front().buckets).encoded();
  record.latency = std::move(made);
  return {};
}

Result<void> has_stamps(const Port& port, Stamp stamp) {
  if (stamp != Stamp::hardware) return {};
  const auto inside = sys::NetnsScope::enter(port.netns_path);
  if (!inside) return inside.error();
  const auto found = sys::time_stamping(port.name);
  if (!found) return found.error();
  if (const std::string why = found->no_hardware(); !why.empty())
    return make_error(ErrorCode::unsupported, "{} has no hardware stamps: {}", port.name, why);
  return make_error(ErrorCode::unsupported,
                    "{} has hardware stamps, but nothing here reads its clock (PHC {}) against the "
                    "generator's; use the stamp kernel or software",
                    port.name, found->clock);
}

std::string clock_was_set(const sys::RealtimeAhead& before, const sys::RealtimeAhead& after) {
  constexpr std::uint64_t kUnheededNs = 1000;
  const auto moved = static_cast<std::uint64_t>(std::abs(after.ns - before.ns));
  if (moved <= kUnheededNs + before.within_ns + after.within_ns) return {};
  return fmt::format(
      "the clock of the kernel's stamps was set by {} ns against the monotonic one inside the "
      "window",
      after.ns - before.ns);
}

std::vector<DelayCounts> delays_between(const std::vector<DelayCounts>& before,
                                        const std::vector<DelayCounts>& after) {
  std::vector<DelayCounts> made = after;
  for (std::size_t q = 0; q < made.size() && q < before.size(); ++q) {
    for (std::size_t i = 0; i < made[q].buckets.size(); ++i)
      made[q].buckets[i] -= before[q].buckets[i];
    made[q].early -= before[q].early;
    made[q].beyond -= before[q].beyond;
    made[q].duplicated -= before[q].duplicated;
    made[q].reordered -= before[q].reordered;
    made[q].unstamped -= before[q].unstamped;
  }
  return made;
}

}  // namespace pktbench::method
