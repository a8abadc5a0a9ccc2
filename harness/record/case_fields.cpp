#include <algorithm>
#include <array>

#include "harness/core/lookup.hpp"
#include "harness/measure/conditions.hpp"
#include "harness/method/back_to_back/back_to_back.hpp"
#include "harness/method/case_summary.hpp"
#include "harness/method/flip/flip.hpp"
#include "harness/method/latency/latency.hpp"
#include "harness/method/load_sweep/load_sweep.hpp"
#include "harness/method/reference_load.hpp"
#include "harness/method/search/search.hpp"
#include "harness/method/soak/soak.hpp"
#include "harness/record/fields.hpp"
#include "harness/text/record_number.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

using namespace notes;

using C = CaseDocument;

constexpr Bounds kFrameSize{64, std::numeric_limits<int>::max()};
constexpr Bounds kIpVersion{4, std::numeric_limits<int>::max()};
constexpr Bounds kAtLeastOne{1, std::numeric_limits<int>::max()};

bool is_of_one_size(const C& c) { return c.result.spec.traffic.mix.empty(); }
bool is_summarized(const C& c) { return has_summary(c.result); }
bool is_concluded(const C& c) { return has_figures(c.result); }
bool is_searched(const C& c) { return !c.result.goals.empty(); }

// The interval is made by its accessors where there is none: called for a value only.
MedianInterval& interval(Summary& s) { return s.ci95 ? *s.ci95 : s.ci95.emplace(); }
bool has_interval(const Summary& s) {
  return s.ci95 && inside(s.ci95->lo, kMeasure) && inside(s.ci95->hi, kMeasure);
}
bool is_complete(const Summary& s) {
  const auto has = [](const std::optional<double>& value) {
    return value && inside(*value, kMeasure);
  };
  return has_interval(s) && has(s.median) && has(s.mean) && has(s.cov);
}

const Fields<Metric>& metric_fields() {
  using M = Metric;
  static const Fields<M> made(
      "", {{"name", &M::name, "`mpps`, `cycles_per_packet`, …"},
           {"unit", &M::unit, "Of the values."},
           {"better", words(&M::higher_is_better, std::array{"lower", "higher"}),
            "Which way is better: `higher` or `lower`."},
           {"by_round", &M::by_round, "Its value in each round that has a trial in the summary.",
            bounds(kRecordable)}});
  return made;
}

// From the case's result, so that a case has no second place for it.
std::vector<Row<C>> condition_rows() {
  const auto of = [](auto member) { return at(&C::result, &CaseResult::condition, member); };
  return {{"words", [](C& c) { return in_words(c.result.condition); },
           "The same for people; null where nothing of it is known.", null_is_a_value},
          {"cpu_distance_ns", of(&Condition::cpu_distance_ns), "Median over them.", unit("ns"),
           null_is_a_value},
          {"idle", of(&Condition::idle), "As `dut_idle`.", null_is_a_value},
          {"cpu_mhz", of(&Condition::cpu_mhz), "Median over them.", unit("MHz"), null_is_a_value},
          {"trials",
           [](C& c) {
             return static_cast<std::uint64_t>(std::count_if(
                 c.result.trials.begin(), c.result.trials.end(), [&](const TrialRecord& t) {
                   return has_loads_of_its_own(c.result) ? t.status == TrialStatus::ok
                                                         : in_summary(t);
                 }));
           },
           "In the summary; of a method that measures at loads of its own, the ok ones."},
          {"other_trials", at(&C::result, &CaseResult::other_condition),
           "As good, but in another condition, and left out."}};
}

std::vector<Row<C>> summary_rows() {
  const auto of = [](auto member) { return object(at(&C::summary, member), summary_fields()); };
  return {{"mpps", of(&CaseSummary::mpps), "Received.", unit("10⁶ packets/s")},
          {"ns_per_packet", of(&CaseSummary::ns_per_packet), "Charged to the device under test.",
           unit("ns")},
          {"cycles_per_packet", of(&CaseSummary::cycles_per_packet), "Of the device under test.",
           unit("cycles")},
          {"busy_cycles_per_packet", of(&CaseSummary::busy_cycles_per_packet),
           "Of a loop that spins: without its polls in vain.", unit("cycles"), older_lack_it}};
}

// Computed from the tests, so that there is no second place for it.
std::vector<Row<C>> burst_rows() {
  using S = method::BurstSummary;
  const auto of = [](std::optional<double> S::*value) {
    return [value](C& c) { return method::summarize_bursts(c.result).*value; };
  };
  return {
      {"tests", list(at(&C::result, &CaseResult::bursts), method::burst_fields()),
       "In the order they were made."},
      {"n", [](C& c) { return method::summarize_bursts(c.result).n; },
       "Tests that found a burst without loss: the figures below are of these, lower bounds "
       "where one is not regular."},
      {"mean", of(&S::mean), "Of the longest bursts.", unit("packets"), null_is_a_value},
      {"median", of(&S::median), "Of them.", unit("packets"), null_is_a_value},
      {"stdev", of(&S::stdev), "Of them (n - 1); null for fewer than 2.", unit("packets"),
       null_is_a_value},
      {"min", of(&S::min), "Of them.", unit("packets"), null_is_a_value},
      {"max", of(&S::max), "Of them.", unit("packets"), null_is_a_value},
      {"burst_pps", of(&S::burst_pps), "The rate in a burst.", unit("packets/s"), null_is_a_value},
      {"throughput_pps", of(&S::throughput_pps), "The reference's `pps`.", unit("packets/s"),
       null_is_a_value},
      {"implied_s", of(&S::implied_s), "RFC 9004's implied buffer time: `mean` / `burst_pps`.",
       unit("s"), null_is_a_value},
      {"corrected_s", of(&S::corrected_s),
       "Its corrected buffer time: `implied_s` × (1 - `throughput_pps` / `burst_pps`).", unit("s"),
       null_is_a_value}};
}

std::vector<Row<C>> bpf_rows() {
  const auto found = [](const C& c) { return c.ns_per_run.n != 0; };
  return {
      {"ns_per_run", object(&C::ns_per_run, summary_fields()),
       "Over the ok ones of these trials; null with a `reason` where there are none. One reading "
       "of the clock is in it, the driver and the stack are not.",
       unit("ns"), known(found), null_is_a_value},
      {"reason", at(&C::result, &CaseResult::bpf_reason), "Null exactly when `ns_per_run` is not.",
       known([found](const C& c) { return !found(c); }), null_is_a_value, empty([](const C& c) {
         return c.ns_per_run.reason.empty() ? kNoReason : c.ns_per_run.reason;
       })},
      {"trials", list(at(&C::result, &CaseResult::bpf_trials), trial_fields()),
       "Made with the statistics on, which cost: never averaged into the others."}};
}

}  // namespace

const Fields<Applied>& setting_fields() {
  using S = Applied;
  static const Fields<S> made(
      "", {{"setting", &S::setting, "In the words of the tool."},
           {"wanted", &S::wanted, "By the scenario, or by the measurement."},
           {"before", &S::before, "What it was.", null_is_a_value},
           {"after", &S::after, "Read back.", null_is_a_value},
           {"failed", &S::failed, "Why it is not as wanted; null where it is.", null_is_a_value}});
  return made;
}

const Fields<Summary>& summary_fields() {
  using S = Summary;
  static const Fields<S> made(
      "estimate",
      {{"n", &S::n, "Trials in the summary that have this measure."},
       {"median", &S::median, "In the unit of the measure."},
       {"mean", &S::mean, "In the unit of the measure."},
       {"ci95",
        [](S& s) -> FieldRef {
          return IntervalRef{&interval(s).lo, &interval(s).hi};
        },
        "[lo, hi]: order-statistic interval of the median, 95%, or all that n = 5 allows; null "
        "with a reason for n < 5.",
        known(has_interval)},
       {"confidence", at(interval, &MedianInterval::confidence),
        "What `ci95` covers: 0.9375, exactly, at n = 5; where it is interpolated nominally 0.95, "
        "really 0.935 to 0.955.",
        unit("0..1"), bounds(kFraction), known(has_interval)},
       {"interval_method", words(at(interval, &MedianInterval::method), kIntervalMethodNames),
        "`order-statistics`: two of the values; `interpolated-order-statistics`, from n = 6 on: "
        "between two such pairs (Hettmansperger and Sheather, 1986); absent: the former.",
        known(has_interval), older_lack_it},
       {"cov", &S::cov,
        "Sample standard deviation (n - 1) / mean; null with a reason for n < 2 or a mean of 0.",
        unit("1")},
       {"reason", &S::reason, "Why a value here is null; null when none is.",
        known([](const S& s) { return !is_complete(s); }), null_is_a_value, empty(kNoReason)}});
  return made;
}

const Fields<PortReport>& port_fields() {
  using P = PortReport;
  static const Fields<P> made(
      "port",
      {{"testbed_label", &P::testbed_label,
        "Whose port it is; null where the scenario has one testbed.", null_is_a_value,
        older_lack_it},
       {"role", &P::role, "`generator` or `dut`.", schema("port_role")},
       {"interface", &P::interface, "Its name."},
       {"pci", &P::pci, "Its address.", null("the port is on no PCI bus"),
        schema("pci_address_or_null")},
       {"driver", &P::driver, "The kernel's.", null("the driver does not tell its name")},
       {"why_virtual", &P::why_virtual,
        "Why its figures say nothing about hardware; null where they do.", null("it is hardware")},
       {"waived", &P::waived,
        "Reasons for refusing the port that the user passed over (`--i-know-this-is`)."},
       {"link_bps", &P::link_bps, "What the link can carry, as the driver tells.", unit("bits/s"),
        above_0, null([](const P& p) { return p.link_unknown; })},
       {"pause", &P::pause, "Its flow control when the link was up.", older_lack_it,
        null("the driver tells nothing of pause frames")},
       {"settings", list(&P::settings, setting_fields()),
        "Each setting that the scenario asked for or the measurement needs."},
       {"missing",
        [](P& p) -> FieldRef {
          return ReasonsRef{{}, [&p](Reasons reasons) { p.link_unknown = reasons["link_bps"]; }};
        },
        "Why a value is null.", schema("missing")}});
  return made;
}

const Fields<CaseDocument>& case_fields() {
  const auto spec = [](auto member) { return at(&C::result, &CaseResult::spec, member); };
  const auto traffic = [spec](auto member) { return at(spec(&CaseSpec::traffic), member); };
  const auto facts = [](auto member) { return at(&C::testbed, member); };
  const auto result = [](auto member) { return at(&C::result, member); };
  static const Fields<C> made(
      "case",
      {{"id", spec(&CaseSpec::id), "Unique in the run.", schema("id")},
       {"backend", spec(&CaseSpec::backend), "The way of receiving.", schema("word")},
       {"reads_tag", spec(&CaseSpec::reads_tag),
        "The backend reads each frame's tag, so that `drop` touches the frame and `foreign` is "
        "exact; else it reads of a frame what the workload asks for, and of `drop` nothing.",
        older_lack_it},
       {"backend_options", spec(&CaseSpec::backend_options), "Each with its default."},
       {"label", spec(&CaseSpec::label),
        "Tells cases apart that are otherwise the same; null where the scenario gave none.",
        null_is_a_value},
       {"telemetry", words(spec(&CaseSpec::telemetry), std::array{"none", "full"}),
        "`none`: CPU accounting was off, and so there are no cycles, no CPU shares and no sign of "
        "the work of others."},
       {"workload", spec(&CaseSpec::workload),
        "What is done with each frame: a workload of `pktbench list`, or one that a backend adds.",
        schema("word")},
       {"workload_options",
        group<C>({{"udp_ports", spec(&CaseSpec::filter_ports),
                   "`filter` only: the UDP destination ports that it takes out; what it found of "
                   "them is `received.details.filtered`.",
                   written([](const C& c) { return !c.result.spec.filter_ports.empty(); }),
                   schema("udp_ports")}}),
        "Empty for most.", older_lack_it},
       {"testbed", facts(&TestbedFacts::testbed), "`veth`, `nic`, `lab`, `memory` or `simulated`.",
        schema("testbed_name")},
       {"testbed_label", spec(&CaseSpec::testbed_label),
        "Which of the scenario's testbeds; null where it has only one.", null_is_a_value,
        older_lack_it},
       {"arrangement", facts(&TestbedFacts::arrangement),
        "Where NAPI runs: `isolated`, `pump`, `inline` on veth; `softirq`, `threaded` on nic; null "
        "elsewhere. Never compared with each other.",
        null_is_a_value},
       {"dut_idle", facts(&TestbedFacts::dut_idle),
        "What idle CPUs did: `poll` (kept from sleeping), `spin` (the DUT's alone, by a SCHED_IDLE "
        "thread whose time is idle), `sleep`; null where the testbed leaves it as the host has it. "
        "Never compared with each other.",
        null_is_a_value, older_lack_it, schema("dut_idle")},
       {"generator", spec(&CaseSpec::generator), "What sends.", schema("text")},
       {"generator_options", spec(&CaseSpec::generator_options), "Each with its default.",
        older_lack_it},
       {"generator_batch",
        [](C& c) -> std::optional<std::uint64_t> {
          const OptionValue* batch = find_in(c.result.spec.generator_options, "batch");
          const auto* frames = batch ? std::get_if<std::int64_t>(batch) : nullptr;
          return frames && *frames > 0 ? std::optional<std::uint64_t>(*frames) : std::nullopt;
        },
        "Per flush or system call; at a fixed rate `xdp-live` has `generator_options.burst` in its "
        "place. Null where the generator has no such setting.",
        unit("frames"), bounds(kAtLeastOne), null_is_a_value, schema("generator_batch")},
       {"frame_size", traffic(&TrafficSpec::frame_size),
        "With FCS (4), without preamble and gap (20); null for a mix of sizes.", unit("bytes"),
        bounds(kFrameSize), known(is_of_one_size), null_is_a_value},
       {"frame_mix", traffic(&TrafficSpec::mix),
        "`imix` (7:4:1 of 64, 594 and 1518 bytes) or a genome, a letter a frame, in the notation "
        "of "
        "RFC 6985; null where all are of one size.",
        null_is_a_value, older_lack_it},
       {"ip", traffic(&TrafficSpec::ip), "IP version of the frames: 4 or 6.", bounds(kIpVersion),
        schema("ip_version"), older_lack_it},
       {"flows", traffic(&TrafficSpec::flows), "By source port, then source address.",
        bounds(kAtLeastOne)},
       {"queues", spec(&CaseSpec::queues), "To receive on.", bounds(kAtLeastOne)},
       {"rate_pps", spec(&CaseSpec::rate_pps),
        "Offered rate asked for, per port and direction; null = maximum.", unit("packets/s"),
        above_0, null_is_a_value},
       {"mode", object(result(&CaseResult::mode), mode_fields()), "Asked for, and read back."},
       {"status", words(result(&CaseResult::status), kCaseStatusNames),
        "`ok`: at least one trial is. `disturbed`: none is, and the summary is of disturbed ones. "
        "`unsupported`: cannot run here. `failed`: something broke. `invalid`: measured, but no "
        "figure may be taken from it. `interrupted`: the run ended before it had a finished "
        "trial."},
       {"reason", result(&CaseResult::reason), "Null exactly when `status` is `ok`.",
        known([](const C& c) { return c.result.status != CaseStatus::ok; }), null_is_a_value,
        empty(kNoReason)},
       {"limiter", words(result(&CaseResult::limiter), kLimiterNames),
        "Of the trials in the summary. With `generator` or `link` the rate is a lower bound."},
       {"condition", group(condition_rows()),
        "What the trials of the summary were measured in; null where there is none.",
        known(is_concluded), null_is_a_value, older_lack_it},
       {"virtual", facts(&TestbedFacts::is_virtual),
        "Measured without a physical NIC: says nothing about hardware, refused as a baseline for "
        "it."},
       {"rounds_planned", result(&CaseResult::rounds_planned),
        "Rounds asked for, of one trial or more each. Fewer are in `trials` where the run was "
        "interrupted or the case given up.",
        bounds(kAtLeastOne), written([](const C& c) { return c.result.rounds_planned > 0; }),
        older_lack_it},
       {"trials", list(result(&CaseResult::trials), trial_fields()),
        "In the order they were made, invalid ones included."},
       {"summary", group(summary_rows()),
        "Over the trials with `in_summary`: the ok ones of one condition or, where none is ok, "
        "disturbed ones. Null when there are none. Older runs: over the ok trials.",
        known(is_summarized), null_is_a_value},
       {"comparable", &C::comparable,
        "What two cases must have in common to be compared and to share a figure, each as text: "
        "testbed, arrangement, `dut_idle`, NAPI policy, virtual, emulator, generator and its "
        "options, frame size, flows, rate, method and its `restart` or `stamp`. Beside it what the "
        "ports' "
        "drivers told before the run, `dut_port.…` and `generator_port.…`: `driver`, `firmware`, "
        "`link` (Mbit/s), `pcie`, `queues`, `hash` (fields of UDP that choose the queue), `rings`, "
        "`coalescing`, `pause`: a difference there is said.",
        written([](const C& c) { return !c.comparable.empty(); }), older_lack_it},
       {"metrics", list(result(&CaseResult::metrics), metric_fields()),
        "What the method found, for those who do not know it.", older_lack_it},
       {"reference", list(result(&CaseResult::references), method::reference_fields()),
        "What the loads of its method are shares of, by round.",
        written([](const C& c) { return !c.result.references.empty(); }), older_lack_it},
       {"search",
        group<C>({{"goals", list(result(&CaseResult::goals), method::goal_fields()),
                   "Of each search in turn, one each."},
                  {"floor", object(result(&CaseResult::floor), method::loss_floor_fields()),
                   "What is lost at a low load, where nothing should be; null where that was not "
                   "measured.",
                   known([](const C& c) { return c.result.floor.offered != 0; }), null_is_a_value,
                   older_lack_it},
                  {"guess",
                   object(
                       [](C& c) -> FirstGuess& {
                         return c.result.guess ? *c.result.guess : c.result.guess.emplace();
                       },
                       method::first_guess_fields()),
                   "What it began with, by the run `scenario.method.guess_from`; null: nothing.",
                   known([](const C& c) { return c.result.guess.has_value(); }), null_is_a_value,
                   older_lack_it}}),
        "What the method `search` found.", written(is_searched), older_lack_it},
       {"flip",
        object(
            [](C& c) -> FlipRecord& {
              return c.result.flip ? *c.result.flip : c.result.flip.emplace();
            },
            method::flip_fields()),
        "What the method `flip` found: medians of the trials in the summary, the mean of their "
        "series and the greatest `sampler_cpu`.",
        written([](const C& c) { return c.result.flip.has_value(); }), older_lack_it},
       {"latency",
        group<C>({{"loads", list(result(&CaseResult::latency), method::latency_load_fields()),
                   "In the order they were measured."}}),
        "What the method `latency` found.",
        written([](const C& c) { return !c.result.latency.empty(); }), older_lack_it},
       {"sweep",
        group<C>({{"loads", list(result(&CaseResult::sweep), method::sweep_fields()),
                   "Of each sweep in turn, in the order they were tried."}}),
        "What the method `load-sweep` found.",
        written([](const C& c) { return !c.result.sweep.empty(); }), older_lack_it},
       {"back_to_back", group(burst_rows()), "What the method `back-to-back` found.",
        written([](const C& c) { return !c.result.bursts.empty(); }), older_lack_it},
       {"soak",
        group<C>({{"windows", list(result(&CaseResult::soak_windows), method::soak_window_fields()),
                   "In the order they were made."},
                  {"drifts", list(result(&CaseResult::soak_drifts), method::soak_drift_fields()),
                   "How each value goes with time."},
                  {"worst_trial",
                   [](C& c) -> std::
                                optional<std::uint64_t> {
                                  const SoakWindow* worst = method::worst_window(c.result);
                                  return worst ? std::optional(
                                                     static_cast<std::uint64_t>(worst->trial))
                                               : std::nullopt;
                                },
                   "The window that lost most, of the ok ones or, where there are none, of all; of "
                   "several the "
                   "slowest.",
                   null_is_a_value}}),
        "What the method `soak` found.",
        written([](const C& c) { return !c.result.soak_windows.empty(); }), older_lack_it},
       {"bpf_run_time", group(bpf_rows()),
        "With `scenario.method.bpf_stats`: the kernel's own run time of the backend's BPF "
        "programs, from trials of their own; null without it.",
        known([](const C& c) { return c.result.bpf_stats; }), null_is_a_value, older_lack_it,
        after_reading<C>([](C& c, bool has_value) { c.result.bpf_stats = has_value; })}});
  return made;
}

const Fields<RunDocument>& run_fields() {
  using R = RunDocument;
  static const Fields<R> made(
      "run", {{"id", &R::id, "Of the run, random.", schema("text")},
              {"tool_version", &R::tool_version, "pktbench's.", schema("text")},
              {"git_commit", &R::git_commit, "What it was built from.",
               null("built from a tree without git"), schema("commit_or_null")},
              {"host", &R::host, "Its name.", schema("text")},
              {"started_at", &R::started_at,
               "The wall clock at the start; all later times of the run are counted on from it by "
               "a clock that nobody sets.",
               unit("RFC 3339, UTC"), schema("time")},
              {"finished_at", &R::finished_at, "Null only while the run is unfinished.",
               unit("RFC 3339, UTC"), null("the run has not finished"), schema("time_or_null")},
              {"argv", &R::argv, "The command line.", schema("argv")},
              {"interrupted", &R::interrupted, "A signal ended the run before its plan was done."},
              {"resumed", &R::resumed,
               "Some trials were taken over from an earlier run of the same plan."},
              {"missing",
               [](R& r) -> FieldRef {
                 if (!r.environment_after.is_null()) return ReasonsRef{};
                 return ReasonsRef{
                     {{"environment.after",
                       r.finished_at.empty() ? "the run has not finished" : "it was not captured"}},
                     {}};
               },
               "Why a value is null; `environment.after` is there as well.", schema("missing")}});
  return made;
}

}  // namespace pktbench
