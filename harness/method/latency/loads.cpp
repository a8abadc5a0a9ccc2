#include "harness/method/latency/loads.hpp"

#include <algorithm>

#include "harness/measure/summary.hpp"

namespace pktbench::method {

Percentiles percentiles_of(const measure::Histogram& histogram) {
  Percentiles made;
  if (histogram.count() == 0) return made;
  const auto n = static_cast<double>(histogram.count());
  const auto at = [&](double percent) -> std::optional<double> {
    // A little less than one, for what rounding takes.
    if (n * (100 - percent) / 100 < 0.999) return std::nullopt;
    return static_cast<double>(histogram.at_percentile(percent));
  };
  made.min = static_cast<double>(histogram.min());
  made.p50 = at(50);
  made.p90 = at(90);
  made.p99 = at(99);
  made.p99_9 = at(99.9);
  made.p99_99 = at(99.99);
  made.max = static_cast<double>(histogram.max());
  return made;
}

Result<LatencyLoad> sum_of(const std::string& load, const std::vector<const TrialRecord*>& trials) {
  LatencyLoad made;
  made.load = load;
  made.trials = trials.size();
  made.sum.stamp = trials.front()->latency->stamp;
  made.sum.one_way = trials.front()->latency->one_way;
  measure::Histogram delays;
  measure::Histogram lateness;
  std::vector<double> offered;
  std::vector<double> targets;
  std::vector<double> null_p50;
  std::vector<double> null_p99;
  std::vector<double> null_frame;
  const auto keep = [](std::vector<double>& values, const std::optional<double>& value) {
    if (value) values.push_back(*value);
  };
  for (const TrialRecord* trial : trials) {
    const LatencyRecord& one = *trial->latency;
    for (const std::string& text : one.histograms) {
      const auto histogram = measure::Histogram::decode(text);
      if (!histogram) return histogram.error();
      delays.add(*histogram);
    }
    const auto late = measure::Histogram::decode(one.lateness);
    if (!late) return late.error();
    lateness.add(*late);
    made.sum.count += one.count;
    made.sum.lost += one.lost;
    made.sum.duplicated += one.duplicated;
    made.sum.reordered += one.reordered;
    made.sum.unstamped += one.unstamped;
    made.sum.early += one.early;
    made.sum.beyond += one.beyond;
    keep(offered, trial->offered_pps);
    keep(targets, trial->target_pps);
    keep(null_p50, one.null_path.p50_ns);
    keep(null_p99, one.null_path.p99_ns);
    keep(null_frame, one.null_path.frame_ns);
  }
  made.offered_pps = summarize(std::move(offered)).median.value_or(0);
  // Each round may have a reference of its own.
  made.target_pps = summarize(std::move(targets)).median.value_or(0);
  made.sum.null_path = {summarize(std::move(null_p50)).median,
                        summarize(std::move(null_p99)).median,
                        summarize(std::move(null_frame)).median};
  made.sum.histograms = {delays.encoded()};
  made.sum.lateness = lateness.encoded();
  made.ns = percentiles_of(delays);
  made.late_ns = percentiles_of(lateness);
  if (made.late_ns.p99 && made.ns.p99.value_or(0) > 0)
    made.generator_share = *made.late_ns.p99 / *made.ns.p99;
  return made;
}

}  // namespace pktbench::method
