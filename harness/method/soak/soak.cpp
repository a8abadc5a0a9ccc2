#include "harness/method/soak/soak.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "harness/core/lookup.hpp"
#include "harness/measure/summary.hpp"
#include "harness/method/reference_load.hpp"
#include "harness/method/rounds.hpp"
#include "harness/method/soak/drift.hpp"
#include "harness/method/trial_options.hpp"

namespace pktbench::method {

namespace {

constexpr double kSecondsAnHour = 3600;

using SoakValue = std::function<std::optional<double>(const SoakWindow&)>;

template <class T>
SoakValue soak_value(std::optional<T> SoakWindow::*member) {
  return [member](const SoakWindow& w) {
    const auto& value = w.*member;
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  };
}

struct Drifting {
  const char* name;
  const char* unit;
  bool of_device;  // else of pktbench, whose use of memory a disturbed window tells as well
  SoakValue value;
};

const std::vector<Drifting>& drifting() {
  static const std::vector<Drifting> made = {
      {"received_pps", "packets/s", true, soak_value(&SoakWindow::received_pps)},
      {"loss_ratio", "1", true, soak_value(&SoakWindow::loss_ratio)},
      {"cycles_per_packet", "cycles", true, soak_value(&SoakWindow::cycles_per_packet)},
      {"rss_bytes", "bytes", false, soak_value(&SoakWindow::rss_bytes)},
      {"open_fds", "1", false, soak_value(&SoakWindow::open_fds)}};
  return made;
}

SoakDrift drift_of(const Drifting& what, const std::vector<SoakWindow>& windows) {
  SoakDrift drift;
  drift.value = what.name;
  drift.unit = what.unit;
  std::vector<double> at_s;
  std::vector<double> values;
  for (const SoakWindow& window : windows) {
    if (what.of_device && !window.counts) continue;
    const auto value = what.value(window);
    if (!value) continue;
    at_s.push_back(window.at_s);
    values.push_back(*value);
    drift.mean += *value;
  }
  drift.n = values.size();
  if (drift.n > 0) drift.mean /= static_cast<double>(drift.n);
  const auto slope = slope_of(at_s, values, SoakDrift::kConfidence);
  if (!slope) return drift;
  drift.per_hour = slope->per_s * kSecondsAnHour;
  drift.low = slope->low * kSecondsAnHour;
  drift.high = slope->high * kSecondsAnHour;
  drift.found = slope->low > 0 || slope->high < 0;
  return drift;
}

class Soak final : public Method {
 public:
  explicit Soak(const Options& options)
      : plan_(rules_of(options)),
        load_(parse_loads(option<std::string>(options, "load"), kGreatestShare, "load")->front()),
        reference_(options, option<double>(options, "warmup_s")),
        windows_(static_cast<std::size_t>(std::ceil(option<double>(options, "duration_s") /
                                                    option<double>(options, "window_s")))) {
    plan_.warmup_s = option<double>(options, "warmup_s");
    plan_.duration_s = option<double>(options, "window_s");
  }

  int rounds() const override { return 1; }

  std::optional<Step> next(const CaseResult& so_far, int round) const override {
    const ReferenceState reference = reference_of(so_far);
    if (reference.next || round > 0) return round == 0 ? reference.next : std::nullopt;
    if (windows_left(so_far, reference) == 0) return std::nullopt;
    Step step{plan_, start_in(so_far, round), false};
    step.plan.rate_pps = rate_of(load_, reference.found.pps);
    return step;
  }

  std::size_t trials_left(const CaseResult& so_far) const override {
    const ReferenceState reference = reference_of(so_far);
    return windows_left(so_far, reference) + reference.next.has_value();
  }

  void conclude(std::vector<CaseResult>& cases) const override {
    pktbench::conclude(cases);
    for (CaseResult& c : cases) {
      take_out_of_summary(c);
      c.references.clear();
      c.soak_windows.clear();
      c.soak_drifts.clear();
      c.metrics.clear();
      const ReferenceState reference = reference_of(c);
      if (load_.share && !reference.next && !c.trials.empty())
        c.references.push_back(reference.found);
      std::vector<const TrialRecord*> ok;
      double passed_s = 0;
      bool before_ok = true;
      for (std::size_t i = reference.trials; i < c.trials.size(); ++i) {
        const TrialRecord& trial = c.trials[i];
        c.soak_windows.push_back(window_of(trial, passed_s, !before_ok));
        passed_s += trial.effective_s;
        before_ok = trial.status == TrialStatus::ok;
        if (before_ok) ok.push_back(&trial);
      }
      if (!c.soak_windows.empty())
        for (const Drifting& what : drifting())
          c.soak_drifts.push_back(drift_of(what, c.soak_windows));
      set_metrics(c);
      c.limiter = majority_limiter(ok);
      judge_loads(reference, !c.soak_windows.empty(), c);
      if (!c.decided && !c.soak_windows.empty()) judge(reference, ok.size(), c);
    }
  }

 private:
  ReferenceState reference_of(const CaseResult& c) const {
    return load_.share ? reference_.of(c, 0) : ReferenceState{};
  }

  // A window is not made again: time goes on.
  std::size_t windows_left(const CaseResult& c, const ReferenceState& reference) const {
    if (load_.share && !reference.next && !reference.found.pps) return 0;
    const std::size_t made = c.trials.size() - std::min(c.trials.size(), reference.trials);
    return windows_ - std::min(windows_, made);
  }

  static SoakWindow window_of(const TrialRecord& trial, double passed_s, bool anew) {
    SoakWindow window;
    window.trial = trial.index;
    window.at_s = passed_s + trial.warmup_s + trial.duration_s / 2;
    window.anew = anew;
    window.counts = trial.status == TrialStatus::ok;
    window.offered_pps = trial.offered_pps;
    window.received_pps = trial.received_pps;
    window.loss_ratio = trial.loss_ratio;
    window.cycles_per_packet =
        trial.busy_cycles_per_packet ? trial.busy_cycles_per_packet : trial.cycles_per_packet;
    window.rss_bytes = trial.rss_bytes;
    window.open_fds = trial.open_fds;
    return window;
  }

  static void set_metrics(CaseResult& c) {
    if (const SoakWindow* worst = worst_window(c); worst && worst->loss_ratio)
      c.metrics.push_back({"worst_loss_ratio", "1", false, {{"0", *worst->loss_ratio}}});
    for (const SoakDrift& drift : c.soak_drifts)
      if (drift.per_hour)
        c.metrics.push_back({drift.value + " per hour",
                             drift.unit,
                             drift.value == "received_pps",
                             {{"0", *drift.per_hour}}});
  }

  // Of many windows some are disturbed: they are shown as such, and the case is as good as most.
  static void judge(const ReferenceState& reference, std::size_t ok, CaseResult& c) {
    std::string broken;
    std::size_t disturbed = 0;
    for (std::size_t i = reference.trials; i < c.trials.size(); ++i) {
      disturbed += c.trials[i].disturbed;
      if (c.trials[i].status != TrialStatus::ok && !c.trials[i].disturbed)
        broken = c.trials[i].reason;
    }
    const std::size_t all = c.soak_windows.size();
    c.status = ok * 2 > all && broken.empty() ? CaseStatus::ok : CaseStatus::invalid;
    c.reason = c.status == CaseStatus::ok ? ""
               : broken.empty()
                   ? fmt::format("{} of {} windows were disturbed", disturbed, all)
                   : fmt::format("{} of {} windows are not ok: {}", all - ok, all, broken);
  }

  TrialPlan plan_;
  WantedLoad load_;
  ReferenceLoad reference_;
  std::size_t windows_;
};

std::vector<OptionSpec> soak_options() {
  std::vector<OptionSpec> made = {
      text_option("load", "50%", "a share (of what loads_of says), packets/s, or max"),
      number_option("duration_s", 600.0, 1, 1e7, "seconds of all windows together"),
      number_option("window_s", 5.0, 0.1, 3600, "seconds of a window"),
      number_option("warmup_s", 0.1, 0, 3600, "seconds of traffic before each window")};
  for (const auto& more : {reference_options(), trial_options()})
    made.insert(made.end(), more.begin(), more.end());
  return made;
}

std::string refuses_soak(const Options& o) {
  const auto loads = parse_loads(option<std::string>(o, "load"), kGreatestShare, "load");
  if (!loads) return loads.error().message;
  if (loads->size() > 1) return "load: is one, and these are several";
  if (option<double>(o, "duration_s") < option<double>(o, "window_s"))
    return "duration_s is shorter than window_s";
  return "";
}

std::optional<double> median_of_soak(const CaseResult& c, const SoakValue& value) {
  std::vector<double> values;
  for (const SoakWindow& window : c.soak_windows)
    if (const auto v = value(window); v && window.counts) values.push_back(*v);
  return summarize(std::move(values)).median;
}

std::string soak_drift_cell(const CaseResult& c, const char* value, bool relative, double unit) {
  const SoakDrift* drift = find_by(c.soak_drifts, std::string(value), &SoakDrift::value);
  if (!drift || !drift->per_hour) return "";
  const double scale = relative ? (drift->mean > 0 ? 100 / drift->mean : 0) : 1 / unit;
  const double reach = (*drift->high - *drift->low) / 2 * scale;
  return fmt::format("{}{:+.2f} ±{:.2f}", drift->found ? "!" : "", *drift->per_hour * scale, reach);
}

std::vector<ResultColumn> soak_columns(const std::vector<CaseResult>&) {
  const auto fixed = [](const std::optional<double>& value, double scale, int decimals) {
    return value ? fmt::format("{:.{}f}", *value * scale, decimals) : std::string();
  };
  return {{.head = "windows",
           .cell =
               [](const CaseResult& c) {
                 const auto ok = std::ranges::count(c.soak_windows, true, &SoakWindow::counts);
                 const auto all = static_cast<std::ptrdiff_t>(c.soak_windows.size());
                 return ok == all ? fmt::format("{}", all) : fmt::format("{}/{}", ok, all);
               }},
          {.head = "Mpps",
           .cell =
               [=](const CaseResult& c) {
                 return fixed(median_of_soak(c, soak_value(&SoakWindow::received_pps)), 1e-6, 3);
               }},
          {.head = "%/h",
           .cell = [](const CaseResult& c) { return soak_drift_cell(c, "received_pps", true, 1); }},
          {.head = "lost %",
           .leave_out = 4,
           .cell =
               [=](const CaseResult& c) {
                 return fixed(median_of_soak(c, soak_value(&SoakWindow::loss_ratio)), 100, 3);
               }},
          {.head = "worst %",
           .leave_out = 2,
           .cell =
               [=](const CaseResult& c) {
                 const SoakWindow* worst = worst_window(c);
                 return worst ? fixed(worst->loss_ratio, 100, 3) : std::string();
               }},
          {.head = "cycles",
           .leave_out = 5,
           .cell =
               [=](const CaseResult& c) {
                 return fixed(median_of_soak(c, soak_value(&SoakWindow::cycles_per_packet)), 1, 0);
               }},
          {.head = "MB/h",
           .leave_out = 6,
           .cell = [](const CaseResult& c) { return soak_drift_cell(c, "rss_bytes", false, 1e6); }},
          {.head = "fds/h", .leave_out = 7, .cell = [](const CaseResult& c) {
             return soak_drift_cell(c, "open_fds", false, 1);
           }}};
}

void explain_soak(const std::vector<CaseResult>& cases, Legend& legend) {
  std::set<std::string> reasons;
  bool found = false;
  for (const CaseResult& c : cases) {
    for (const LoadReference& r : c.references)
      if (!r.regular) reasons.insert(fmt::format("{} of {}: {}", r.what, c.spec.id, r.reason));
    for (const SoakDrift& drift : c.soak_drifts) found |= drift.found;
    if (const SoakWindow* worst = worst_window(c))
      legend.add(fmt::format("Worst window of {}: {:.0f} s after the start (trial {}).", c.spec.id,
                             worst->at_s, worst->trial));
  }
  legend.add(fmt::format(
      "Mpps, lost %, cycles: medians of the ok windows. Per hour: slope of a straight line, ± half "
      "its {:.0f}% interval, which heeds that neighbours are alike{}.",
      SoakDrift::kConfidence * 100, found ? "; !: not 0 by that" : ""));
  legend.add("MB, fds: memory and descriptors of pktbench and what it started.");
  for (const std::string& reason : reasons) legend.add("Irregular, " + reason + ".");
}

}  // namespace

const SoakWindow* worst_window(const CaseResult& c) {
  const SoakWindow* worst = nullptr;
  const auto badness = [](const SoakWindow& w) {
    return std::tuple(w.counts, w.loss_ratio.value_or(0), -w.received_pps.value_or(0));
  };
  for (const SoakWindow& window : c.soak_windows)
    if (!worst || badness(window) > badness(*worst)) worst = &window;
  return worst;
}

MethodType soak_method() {
  return {.name = "soak",
          .summary = "one load for minutes to hours: drift, the worst window, and what grows",
          .options = soak_options(),
          .make = [](const Options& o) { return std::make_unique<const Soak>(o); },
          .refuses = [](const Options& o, std::size_t) { return refuses_soak(o); },
          .columns = soak_columns,
          .explain = explain_soak};
}

const Fields<SoakWindow>& soak_window_fields() {
  using namespace notes;
  using W = SoakWindow;
  static const Fields<W> made(
      "",
      {{"trial", &W::trial, "Its `index`."},
       {"at_s", &W::at_s, "Its middle, since the first window's session was ready.", unit("s")},
       {"anew", &W::anew, "On a session of its own, since the window before was not ok."},
       {"counts", &W::counts, "Its trial is ok; where not, its figures are no result."},
       {"offered_pps", &W::offered_pps, "As the trial's.", unit("packets/s"), null_is_a_value},
       {"received_pps", &W::received_pps, "As the trial's.", unit("packets/s"), null_is_a_value},
       {"loss_ratio", &W::loss_ratio, "As the trial's.", unit("0..1"), bounds(Bounds{0, 1}),
        null_is_a_value},
       {"cycles_per_packet", &W::cycles_per_packet,
        "As the trial's; of a loop that spins its busy ones.", unit("cycles"), null_is_a_value},
       {"rss_bytes", value_of(&W::rss_bytes), "As the trial's `harness`.", unit("bytes"),
        known([](const W& w) { return w.rss_bytes.has_value(); }), null_is_a_value},
       {"open_fds", value_of(&W::open_fds), "As the trial's `harness`.",
        known([](const W& w) { return w.open_fds.has_value(); }), null_is_a_value}});
  return made;
}

const Fields<SoakDrift>& soak_drift_fields() {
  using namespace notes;
  using D = SoakDrift;
  constexpr Bounds kAny{-1e20, 1e20};
  static const Fields<D> made(
      "", {{"value", &D::value, "Which of the windows' values."},
           {"unit", &D::unit, "Of it."},
           {"n", &D::n, "Windows that have it: the ok ones; of `rss_bytes` and `open_fds` all."},
           {"mean", &D::mean, "Over these."},
           {"per_hour", &D::per_hour,
            "Slope of the straight line by least squares; null for fewer than 8 windows.",
            bounds(kAny), null_is_a_value},
           {"low", &D::low,
            "Of its 99% interval (Student's t, for as many windows as they are worth where "
            "neighbours are alike).",
            bounds(kAny), null_is_a_value},
           {"high", &D::high, "Of the same.", bounds(kAny), null_is_a_value},
           {"found", &D::found, "0 is not in the interval."}});
  return made;
}

}  // namespace pktbench::method
