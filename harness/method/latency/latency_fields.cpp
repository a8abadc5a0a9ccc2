#include "harness/method/latency/latency.hpp"

namespace pktbench::method {

namespace {

using namespace notes;

std::vector<Row<Percentiles>> percentile_rows() {
  using P = Percentiles;
  const auto row = [](const char* key, std::optional<double> P::*member, const char* help) {
    return Row<P>(key, member, help, unit("ns"), null_is_a_value);
  };
  return {row("min", &P::min, "The least: the lowest value of its bucket."),
          row("p50", &P::p50, "Median."),
          row("p90", &P::p90, "Percentile."),
          row("p99", &P::p99, "Percentile."),
          row("p99.9", &P::p99_9, "Percentile; null with fewer than 1,000 frames."),
          row("p99.99", &P::p99_99, "Percentile; null with fewer than 10,000 frames."),
          row("max", &P::max, "The greatest: the highest value of its bucket.")};
}

const Fields<Percentiles>& percentile_fields() {
  static const Fields<Percentiles> made("", percentile_rows());
  return made;
}

}  // namespace

const Fields<LatencyRecord>& latency_fields() {
  using L = LatencyRecord;
  const auto null_path = [](auto member) { return at(&L::null_path, member); };
  constexpr const char* kSimulated = "no frame was stamped: the device is simulated";
  static const Fields<L> made(
      "",
      {{"stamp", &L::stamp,
        "Who reads the clock when the frame is there: `software`, the workload; `kernel`, when it "
        "takes the frame from its driver (CLOCK_REALTIME less what that is ahead of the monotonic "
        "clock, read before the window); `hardware`, the port."},
       {"one_way", &L::one_way,
        "On one clock, until the workload had the frame; false: a round trip, until it was back at "
        "the generator."},
       {"count", &L::count, "Frames received, each once; of a round trip those that came back.",
        unit("packets")},
       {"lost", &L::lost, "Offered and not in `count`, by the sequence numbers.", unit("packets")},
       {"duplicated", &L::duplicated, "That had come before.", unit("packets")},
       {"reordered", &L::reordered, "Sent before one that came earlier (RFC 4737), by queue.",
        unit("packets")},
       {"unstamped", &L::unstamped, "That came without the stamp; not in `count`.", unit("packets"),
        older_lack_it},
       {"early", &L::early, "Before their time, which cannot be; counted as 0.", unit("packets")},
       {"beyond", &L::beyond, "Later than 10 s; counted as that.", unit("packets")},
       {"histograms", &L::histograms,
        "Of the delays, by RX queue: HdrHistogram's encoded form (V2, compressed, base64), 1 ns to "
        "10 s with three digits."},
       {"generator_histogram", &L::lateness, "How late the generator handed frames on, the same."},
       {"null_path",
        group<L>({{"p50_ns", null_path(&NullPath::p50_ns), "Recorded as delay, median.", unit("ns"),
                   null(kSimulated)},
                  {"p99_ns", null_path(&NullPath::p99_ns), "The same, 99th percentile.", unit("ns"),
                   null(kSimulated)},
                  {"frame_ns", null_path(&NullPath::frame_ns), "CPU time of both, a frame.",
                   unit("ns"), null(kSimulated)}}),
        "What stamping and recording take back to back, without a way between."}});
  return made;
}

const Fields<LatencyLoad>& latency_load_fields() {
  using L = LatencyLoad;
  const auto sum = [](auto member) { return at(&L::sum, member); };
  const auto null_path = [](auto member) { return at(&L::sum, &LatencyRecord::null_path, member); };
  static const Fields<L> made(
      "",
      {{"load", &L::load, "As the scenario has it; `unloaded`."},
       {"target_pps", &L::target_pps, "Asked for, median of the trials.", unit("packets/s")},
       {"offered_pps", &L::offered_pps, "Median of the trials.", unit("packets/s")},
       {"trials", &L::trials, "That went into it: the ok ones in the condition of most."},
       {"count", sum(&LatencyRecord::count),
        "Frames received, each once; of a round trip those that came back.", unit("packets")},
       {"lost", sum(&LatencyRecord::lost), "Offered and not in `count`.", unit("packets")},
       {"duplicated", sum(&LatencyRecord::duplicated), "That had come before.", unit("packets")},
       {"reordered", sum(&LatencyRecord::reordered), "Sent before one that came earlier.",
        unit("packets")},
       {"unstamped", sum(&LatencyRecord::unstamped), "That came without the stamp.",
        unit("packets"), older_lack_it},
       {"early", sum(&LatencyRecord::early), "Before their time, which cannot be.",
        unit("packets")},
       {"beyond", sum(&LatencyRecord::beyond), "Later than 10 s.", unit("packets")},
       {"stamp", sum(&LatencyRecord::stamp),
        "Who reads the clock: `software`, `kernel` or `hardware`."},
       {"one_way", sum(&LatencyRecord::one_way),
        "On one clock; false: a round trip, back to the generator."},
       {"ns", object(&L::ns, percentile_fields()),
        "From the time a frame was due until the workload had it, or until it was back. As "
        "HdrHistogram defines them."},
       {"generator_late_ns", object(&L::late_ns, percentile_fields()),
        "From the time a frame was due until the generator handed it on: in `ns` as well."},
       {"generator_share", &L::generator_share,
        "p99 of `generator_late_ns` / p99 of `ns`; null where one of them is.", null_is_a_value,
        older_lack_it},
       {"limiter", [](L& l) -> std::string { return l.generator_limits() ? "generator" : "dut"; },
        "`generator`: its own lateness is more than half of the p99, so that the delays are an "
        "upper bound for the way and the receiver; `dut`: it is not; null: it is not known.",
        known([](const L& l) { return l.generator_share.has_value(); }), null_is_a_value,
        older_lack_it},
       {"null_path",
        group<L>(
            {{"p50_ns", null_path(&NullPath::p50_ns), "Recorded as delay.", unit("ns"),
              null_is_a_value},
             {"p99_ns", null_path(&NullPath::p99_ns), "The same.", unit("ns"), null_is_a_value},
             {"frame_ns", null_path(&NullPath::frame_ns), "CPU time, a frame.", unit("ns"),
              null_is_a_value}}),
        "What stamping and recording take without a way between; null where nothing is stamped."},
       {"histogram",
        [](L& l) -> std::string& {
          if (l.sum.histograms.empty()) l.sum.histograms.emplace_back();
          return l.sum.histograms.front();
        },
        "Of all queues and trials: HdrHistogram's encoded form (V2, compressed, base64)."},
       {"generator_histogram", sum(&LatencyRecord::lateness), "Of the generator's lateness."}});
  return made;
}

}  // namespace pktbench::method
