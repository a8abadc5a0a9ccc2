#include "harness/method/case_summary.hpp"
#include "harness/method/flip/flip.hpp"
#include "harness/method/latency/latency.hpp"
#include "harness/record/fields.hpp"
#include "harness/text/record_number.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

using namespace notes;

using T = TrialRecord;

constexpr const char* kNotMeasured = "the trial ended before this was measured";

// The samples of two CPUs are microseconds apart, which may carry a share past 1 by as much.
constexpr Bounds kCpuShare{0, 1.01};

bool cut_short(const T& t) {
  const bool windowless = t.status == TrialStatus::invalid && !(t.duration_s > 0);
  return t.status == TrialStatus::failed || windowless;
}

// A count that nobody took is not 0.
bool sent(const T& t) { return !cut_short(t) || t.offered_pps; }
bool got(const T& t) { return !cut_short(t) || t.received_pps; }

std::string gap(const T& t) { return cut_short(t) ? kNotMeasured : kNoReason; }

const Fields<Condition>& condition_fields() {
  static const Fields<Condition> made(
      "", {{"cpu_distance_ns", &Condition::cpu_distance_ns,
            "A cache line from the generator's CPU to the DUT's and back.", unit("ns"),
            null("it was not read")},
           {"idle", &Condition::idle, "As the case's `dut_idle`.",
            null("the testbed does not see to it")},
           {"cpu_mhz", &Condition::cpu_mhz, "Of the DUT's CPU.", unit("MHz"),
            null("the kernel does not tell it")}});
  return made;
}

std::vector<Row<CpuUsage>> class_rows() {
  std::vector<Row<CpuUsage>> made;
  for (std::size_t i = 0; i < kCpuClasses; ++i)
    made.push_back({kCpuClassNames[i], [i](CpuUsage& u) -> double& { return u.classes[i]; },
                    "Of the window.", unit("0..1"), bounds(kCpuShare), older_lack_it});
  return made;
}

const Fields<CpuUsage>& cpu_fields() {
  const auto share = [](About& about, const CpuUsage*) {
    about.unit = "0..1";
    about.bounds = kCpuShare;
  };
  static const Fields<CpuUsage> made(
      "", {{"cpu", &CpuUsage::cpu, "Its number."},
           {"role", &CpuUsage::role, "For whom it worked: `dut`, `generator`, `other`.",
            schema("cpu_role")},
           {"busy", &CpuUsage::busy, "Of the window.", share},
           {"user", &CpuUsage::user, "Of the window.", share},
           {"system", &CpuUsage::system, "Of the window.", share},
           {"softirq", &CpuUsage::softirq, "Of the window.", share},
           {"steal", &CpuUsage::steal, "Of the window: what the hypervisor took.", share,
            older_lack_it},
           {"idle",
            [](CpuUsage& c) {
              return std::optional(c.classes[static_cast<std::size_t>(CpuClass::idle)]);
            },
            "Of the window. The time of a CPU that polls while it is idle is `idle`.", share},
           {"classes", group(class_rows()),
            "Of the window, by kind of work: the DUT's `application`, `napi` and `softirq`, "
            "`foreign` (everybody else) and so on."}});
  return made;
}

const Fields<ReturnRecord>& return_fields() {
  using R = ReturnRecord;
  static const Fields<R> made(
      "",
      {{"sent_back", &R::sent_back,
        "By the backend's own count: `received.details.reflected` less `not_sent`, what the "
        "way out refused; of `forward` `received.details.forwarded`.",
        unit("packets")},
       {"packets", &R::packets,
        "Came back to the generator's device, or by `forward` to its second one.", unit("packets")},
       {"strays", &R::strays,
        "Came back with another trial's tag or another device's address. Above the tolerance "
        "they make a trial invalid.",
        unit("packets")},
       {"drops", &R::drops,
        "Lost on the way back, by place: no losses of the device under test, and not in the "
        "trial's `drops`.",
        unit("packets"), schema("places")},
       {"unaccounted", &R::unaccounted,
        "`sent_back` - `packets` - `strays` - `drops`. Above the tolerance it makes a trial "
        "invalid.",
        unit("packets")}});
  return made;
}

const Fields<DisturbanceFinding>& finding_fields() {
  using F = DisturbanceFinding;
  static const Fields<F> made(
      "", {{"evidence", &F::evidence, "Raw values over the window, by name.", bounds(kRecordable)},
           {"reasons", &F::reasons, "A sentence for each rule that was broken."}});
  return made;
}

std::vector<Row<T>> offered_rows() {
  return {
      {"packets", at(&T::offered, &SentCounters::packets),
       "Handed to the device by the generator and, where a wire's port counts what leaves it, left "
       "it: `received.packets` + every drop + `unaccounted`.",
       unit("packets"), known(sent), null(kNotMeasured)},
      {"bytes", at(&T::offered, &SentCounters::bytes),
       "Of `packets`, without the FCS; of a mix that `not_taken` frames are missing from by the "
       "mean "
       "size.",
       unit("bytes"), known(sent), null(kNotMeasured)},
      {"pps", &T::offered_pps, "Over the measured window.", unit("packets/s"), null(kNotMeasured)},
      {"target_pps", &T::target_pps, "Asked for; null = maximum.", unit("packets/s"), above_0,
       null_is_a_value},
      {"unsent", at(&T::offered, &SentCounters::unsent),
       "Due at the target rate and not sent; neither in `packets` nor in `drops`. Above "
       "`max_unsent` of those due, and with others on the generator's CPU, the trial is invalid: "
       "the generator was starved.",
       unit("packets"), known(sent), null(kNotMeasured)},
      {"refused", at(&T::offered, &SentCounters::refused),
       "The device or the socket's buffer had no room; the frame was offered again, and is in "
       "`packets` once it was taken.",
       unit("attempts"), known(sent), null(kNotMeasured)},
      {"not_taken", at(&T::offered, &SentCounters::not_taken),
       "Redirected into a device that did not take them, or taken by a port and never left it, by "
       "its own counter: gone, and neither in `packets` nor in `drops`.",
       unit("packets"), known(sent), null(kNotMeasured), older_lack_it}};
}

std::vector<Row<T>> received_rows() {
  return {
      {"packets", at(&T::received, &Counters::packets),
       "This trial's frames that the workload got.", unit("packets"), known(got),
       null(kNotMeasured)},
      {"bytes", at(&T::received, &Counters::bytes), "Without the FCS.", unit("bytes"), known(got),
       null(kNotMeasured)},
      {"pps", &T::received_pps, "Over the measured window.", unit("packets/s"), null(kNotMeasured)},
      {"foreign", at(&T::received, &Counters::foreign),
       "Frames of others or of an earlier trial, not in `packets`; exact for the socket backends "
       "and `packet-mmap`, which read each frame's tag. The others read none: see *Frames of "
       "others*.",
       unit("packets"), known(got), null(kNotMeasured)},
      {"per_queue", at(&T::received, &Counters::per_queue), "By receive queue.", unit("packets"),
       known([](const T& t) { return !t.received.per_queue.empty(); }), null([](const T& t) {
         return std::string(got(t) ? "the backend does not count by queue" : kNotMeasured);
       }),
       older_lack_it},
      {"details", at(&T::received, &Counters::details),
       "What the workload made of them (`parse`: ok, malformed, other); all are in `packets`.",
       unit("packets"), older_lack_it}};
}

// Its accessors make the numbers where there are none: called for a value only.
std::vector<Row<T>> bpf_run_time_rows() {
  const auto time = [](T& t) -> BpfRunTime& {
    return t.bpf_run_time ? *t.bpf_run_time : t.bpf_run_time.emplace();
  };
  const auto taken = [](const T& t) { return t.bpf_run_time.has_value(); };
  return {{"runs", at(time, &BpfRunTime::runs), "Of the backend's programs, in window and drain.",
           known(taken), null(kNotMeasured)},
          {"ns", at(time, &BpfRunTime::ns), "With one reading of the clock per run.", unit("ns"),
           known(taken), null(kNotMeasured)},
          {"ns_per_run", [](T& t) { return ns_per_run(t); }, "`ns` / `runs`.", unit("ns"),
           null([](const T& t) {
             return std::string(t.bpf_run_time ? "the programs did not run" : kNotMeasured);
           })}};
}

std::vector<Row<T>> evidence_rows() {
  return {{"*", &T::evidence,
           "By name, such as `dut_busy`, `dut_wakeups_per_s` (receiver and NAPI threads), "
           "`rx_ring_frames`, `generator_burst_frames`, `left_the_port` and `pause_frames` (by the "
           "ports' own counters, where a wire's ports have them), or `clock_error`: how much "
           "faster than the "
           "reference clock (the TSC) the measuring clock ran; beyond ±0.001 the trial is invalid.",
           bounds(kRecordable)},
          {"dut_limited_by", &T::dut_limited_by,
           "Where the limiter is `dut`: `cycles` (its CPU had no time left) or `wake-ups` (frames "
           "were lost while it had).",
           written([](const T& t) { return !t.dut_limited_by.empty(); })}};
}

}  // namespace

const Fields<EffectiveMode>& mode_fields() {
  using M = EffectiveMode;
  static const Fields<M> made(
      "mode",
      {{"requested", &M::requested,
        "What was asked for. Generic is never recorded as native, copy never as zero-copy.",
        null("the backend has no choice of mode")},
       {"effective", &M::effective, "What was read back; null where the backend never started.",
        null("the backend never told its mode")},
       {"details", &M::details, "What else it told of itself."}});
  return made;
}

const Fields<TrialRecord>& trial_fields() {
  static const Fields<T> made(
      "trial",
      {{"index", &T::index, "Unique in its case, from 0."},
       {"round", &T::round,
        "Pass over the plan in which it ran: a round has one trial of each case, and repeats."},
       {"restart", &T::restart,
        "On which set-up of the testbed it was made, from 0: one more each time that the testbed "
        "was "
        "torn down and up between rounds, or the run was resumed.",
        older_lack_it},
       {"order", &T::order,
        "Place of its case in the round, from 0, as shuffled by `scenario.method.seed`; a repeat "
        "has the same."},
       {"started_at", &T::started_at,
        "The wall clock at the start of the run, counted on by a clock that nobody sets.",
        unit("RFC 3339, UTC"), schema("time")},
       {"status", words(&T::status, kTrialStatusNames),
        "`invalid`: never averaged in; without counts where frames of others ended it before its "
        "window. `failed`: not measured."},
       {"reason", &T::reason, "Null exactly when `status` is `ok`.",
        known([](const T& t) { return t.status != TrialStatus::ok; }), null_is_a_value,
        empty(kNoReason)},
       {"disturbed", &T::disturbed,
        "Invalid for what others or the machine did; such a trial is made again, up to "
        "`scenario.method.max_repeats` times a round, unless the one before it was disturbed "
        "alike."},
       {"disturbed_by", &T::disturbed_by,
        "`cpu`: others on the DUT's CPU; `window`: it took longer than planned; `generator`: "
        "others starved it; `foreign_frames`; `late_frames`; else the source under `disturbance` "
        "whose rule was broken.",
        older_lack_it},
       {"conserved", &T::conserved,
        "Frames were received, and each that was offered is accounted for.", older_lack_it,
        after_reading<T>([](T& t, bool has_value) {
          if (!has_value) t.conserved = t.status == TrialStatus::ok;
        })},
       {"in_summary", &T::in_summary,
        "The case's summary is of this trial: ok and in the condition of the run or, in a "
        "`disturbed` case, disturbed with every frame accounted for. Only in run.json.",
        written([](const T& t) { return t.in_summary.has_value(); })},
       {"condition", object(&T::condition, condition_fields()),
        "What held before and after the window alike.", older_lack_it},
       {"warmup_s", &T::warmup_s, "Before the window.", unit("s")},
       {"duration_s", &T::duration_s, "The measured window.", unit("s")},
       {"drain_s", &T::drain_s, "After the window.", unit("s")},
       {"effective_s", &T::effective_s,
        "All that it took on its session: warm-up, window, drain and readings.", unit("s"),
        older_lack_it},
       {"burst_frames", value_of(&T::burst_frames),
        "Only where so many frames were asked for in place of a window's length.", unit("packets"),
        written([](const T& t) { return t.burst_frames.has_value(); })},
       {"harness",
        group<T>({{"rss_bytes", value_of(&T::rss_bytes), "Memory in use (resident).", unit("bytes"),
                   known([](const T& t) { return t.rss_bytes.has_value(); }),
                   null("it could not be read")},
                  {"open_fds", value_of(&T::open_fds), "Open file descriptors.",
                   known([](const T& t) { return t.open_fds.has_value(); }),
                   null("it could not be read")}}),
        "Of pktbench and the processes that it started, after the trial.",
        written([](const T& t) { return t.rss_bytes || t.open_fds; }), older_lack_it},
       {"offered", group(offered_rows()), "What the generator sent in the window."},
       {"received", group(received_rows()), "What the workload got in the window."},
       {"drops", &T::drops,
        "Lost, by place. A place that could not be read is left out and named in `missing`.",
        unit("packets"), schema("places")},
       {"unaccounted", &T::unaccounted,
        "`offered.packets` - `received.packets` - `drops`; negative when more was counted than "
        "offered. On testbed `nic` up to `scenario.testbed.unnamed_loss` of what was offered may "
        "be lost unnamed in an ok trial.",
        unit("packets"), known([](const T& t) { return sent(t) && got(t); }), null(kNotMeasured)},
       {"returned",
        object(
            [](T& t) -> ReturnRecord& { return t.returned ? *t.returned : t.returned.emplace(); },
            return_fields()),
        "Only where the workload sends frames back: what became of those. Frames lost on the way "
        "back were received all the same.",
        written([](const T& t) { return t.returned.has_value(); })},
       {"flip", object(value_of(&T::flip), method::flip_fields()),
        "Of the method `flip`: what was seen round the change in the window.",
        written([](const T& t) { return t.flip.has_value(); })},
       {"latency", object(value_of(&T::latency), method::latency_fields()),
        "Only of stamped frames at a fixed load: how late they were.",
        written([](const T& t) { return t.latency.has_value(); })},
       {"loss_ratio", &T::loss_ratio,
        "(intended - `received.packets`) / intended, where intended = `offered.packets` + "
        "`offered.unsent` + `offered.not_taken`; not below 0.",
        unit("0..1"), bounds(kFraction), null(gap)},
       {"generator_loss_ratio",
        [](T& t) -> std::optional<double> {
          const auto unsent = static_cast<double>(t.offered.unsent + t.offered.not_taken);
          const double intended = static_cast<double>(t.offered.packets) + unsent;
          if (intended <= 0) return std::nullopt;
          return unsent / intended;
        },
        "What of `loss_ratio` is the generator's: (`offered.unsent` + `offered.not_taken`) / "
        "intended.",
        unit("0..1"), bounds(kFraction), known(sent), null(gap), older_lack_it},
       {"mpps", &T::mpps, "`received.pps` / 10⁶, per port and direction.", unit("10⁶ packets/s"),
        null(gap)},
       {"ns_per_packet", &T::ns_per_packet,
        "CPU time charged to the device under test, per received packet.", unit("ns"), null(gap)},
       {"cycles_per_packet", &T::cycles_per_packet,
        "Of every CPU that worked for the device under test, per received packet.", unit("cycles"),
        null(gap)},
       {"busy_cycles_per_packet", &T::busy_cycles_per_packet,
        "The same without the polls of a loop that spins which returned nothing: its cost, where "
        "`cycles_per_packet` is its CPU's clock by the rate. Null where no loop spins.",
        unit("cycles"), null(gap), older_lack_it},
       {"cycles_source", &T::cycles_source,
        "`pmu`: core cycles, user and kernel; `tsc`: on-CPU time × TSC frequency; never compared "
        "with each other. Null exactly when `cycles_per_packet` is.",
        known([](const T& t) {
          return t.cycles_per_packet && inside(*t.cycles_per_packet, kMeasure);
        }),
        null("there are no cycles per packet"), schema("cycles_source")},
       // Without a link there is nothing to be missed.
       {"line_rate_pps", &T::line_rate_pps,
        "Testbed `nic`: frames of this size that fill the link; null where its speed is not known.",
        unit("packets/s"), above_0,
        written([](const T& t) { return t.line_rate_pps || t.missing.contains("line_rate_pps"); })},
       {"limiter", words(&T::limiter, kLimiterNames),
        "What bounded the received rate. `generator` and `link` make the figure a lower bound for "
        "the device under test."},
       {"evidence", group(evidence_rows()), "What the limiter and the status were judged from."},
       {"cpus", list(&T::cpus, cpu_fields()), "Each CPU that worked."},
       {"disturbance", keyed(&T::disturbance, finding_fields()),
        "What the machine did during the window, by source; null where the source cannot be read. "
        "`frequency` (kHz; changed by more than 10%), `throttling` (any), `link` (any change of "
        "carrier), `memory` (µs of PSI stall above 1% of the window; without PSI any direct "
        "reclaim; any kill). `cpu_distance` (veth; ns) is what a cache line takes from the "
        "generator's CPU to the DUT's and back, before and after the window: neither more than "
        "`max_cpu_distance_change` times the other. `programs`: an XDP program on either port that "
        "is not the trial's own, from its start on (`PORT.MODE`: its id). `threads`: a receiving, "
        "NAPI or generator thread that may run on, or was on, another CPU than the one it was "
        "pinned to, or that a signal or a debugger stopped (`THREAD.moves`, `.stops`, "
        "`.may_run_on`, `.pinned_to`). `interrupts` are names and counts; their time is "
        "`classes.interrupt` and falls under `max_disturbance`.",
        older_lack_it},
       {"mode", object(&T::mode, mode_fields()), "As the case's, of this trial.", older_lack_it},
       {"bpf_run_time", group(bpf_run_time_rows()),
        "Only in a trial that was made with the kernel's BPF statistics on: what the backend's "
        "programs ran, by the kernel's account. Such a trial stands in the case's "
        "`bpf_run_time.trials` and never in its `trials`.",
        written([](const T& t) { return t.bpf_stats; }),
        after_reading<T>([](T& t, bool has_value) { t.bpf_stats = has_value; })},
       {"notes", &T::notes,
        "What is to be known of the counts, such as a counter that began again.", older_lack_it},
       {"missing",
        [](T& t) -> FieldRef {
          return ReasonsRef{t.missing, [&t](Reasons reasons) { t.missing = std::move(reasons); }};
        },
        "Why a value is null, by dotted path.", schema("missing")}});
  return made;
}

}  // namespace pktbench
