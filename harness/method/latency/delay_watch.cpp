#include "harness/method/latency/delay_watch.hpp"

#include "harness/measure/histogram.hpp"
#include "harness/measure/null_path.hpp"

namespace pktbench::method {

Result<DelayWatch> DelayWatch::of(Backend& backend, TrafficSource& source, bool simulated) {
  DelayWatch made;
  made.received_ = dynamic_cast<DelayRecorder*>(&backend);
  made.sent_ = dynamic_cast<DelayRecorder*>(&source);
  if (!made.received_ || !made.sent_)
    return make_error(ErrorCode::unsupported, "the {} records no delays",
                      made.received_ ? "traffic source" : "backend");
  if (!simulated) made.null_path_ = measure::null_path();
  return made;
}

Result<void> DelayWatch::before_window() {
  if (auto r = received_->delays().into(received_before_); !r) return r;
  return sent_->delays().into(sent_before_);
}

Result<void> DelayWatch::after_window(TrialRecord& record) {
  const auto received = received_->delays();
  if (!received) return received.error();
  const auto sent = sent_->delays();
  if (!sent) return sent.error();
  LatencyRecord made;
  made.stamp = "software";
  made.null_path = null_path_;
  for (const DelayCounts& queue : delays_between(received_before_, *received)) {
    const measure::Histogram histogram(queue.buckets);
    made.count += histogram.count();
    made.duplicated += queue.duplicated;
    made.reordered += queue.reordered;
    made.early += queue.early;
    made.beyond += queue.beyond;
    made.histograms.push_back(histogram.encoded());
  }
  made.lost = static_cast<std::int64_t>(record.offered.packets - made.count);
  made.lateness = measure::Histogram(delays_between(sent_before_, *sent).front().buckets).encoded();
  record.latency = std::move(made);
  return {};
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
  }
  return made;
}

}  // namespace pktbench::method
