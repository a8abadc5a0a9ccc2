#include "harness/compare/gate/baseline.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "harness/compare/pairing.hpp"
#include "harness/compare/run_draws.hpp"
#include "harness/core/lookup.hpp"
#include "harness/measure/summary.hpp"
#include "harness/record/field_json.hpp"
#include "harness/record/fields.hpp"
#include "harness/sys/utc.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench {

namespace {

using namespace notes;

constexpr const char* kSchema = "pktbench-baseline/1";
constexpr JsonLimits kLimits{.bytes = std::size_t{64} << 20, .depth = 32, .keys = 100'000};

const Fields<BaselineDraw>& draw_fields() {
  using D = BaselineDraw;
  static const Fields<D> made("", {{"restart", &D::restart, ""},
                                   {"median", &D::median, ""},
                                   {"sd", &D::sd, ""},
                                   {"trials", &D::trials, ""}});
  return made;
}

const Fields<BaselineMetric>& metric_fields() {
  using M = BaselineMetric;
  static const Fields<M> made(
      "", {{"name", &M::name, ""},
           {"unit", &M::unit, ""},
           {"better", words(&M::higher_is_better, std::array{"lower", "higher"}), ""},
           {"draws", list(&M::draws, draw_fields()), ""}});
  return made;
}

const Fields<BaselineCase>& case_rows() {
  using C = BaselineCase;
  const auto of = [](auto member) { return at(&C::condition, member); };
  static const Fields<C> made(
      "", {{"id", &C::id, ""},
           {"limiter", words(&C::limiter, kLimiterNames), ""},
           {"cycles_source", &C::cycles_source, "", null_is_a_value},
           {"offered_pps", &C::offered_pps, "", null_is_a_value},
           {"cpu_distance_ns", of(&Condition::cpu_distance_ns), "", null_is_a_value},
           {"idle", of(&Condition::idle), "", null_is_a_value},
           {"cpu_mhz", of(&Condition::cpu_mhz), "", null_is_a_value},
           {"metrics", list(&C::metrics, metric_fields()), ""}});
  return made;
}

const Fields<BaselineRun>& run_rows() {
  using R = BaselineRun;
  static const Fields<R> made("", {{"id", &R::id, ""},
                                   {"started_at", &R::started_at, ""},
                                   {"path", &R::path, ""},
                                   {"tool_version", &R::tool_version, ""},
                                   {"git_commit", &R::git_commit, "", null_is_a_value},
                                   {"by_hand", &R::by_hand, ""},
                                   {"cases", list(&R::cases, case_rows()), ""}});
  return made;
}

const Fields<EpochSummary>& summary_rows() {
  using S = EpochSummary;
  static const Fields<S> made("", {{"case", &S::case_id, ""},
                                   {"metric", &S::metric, ""},
                                   {"unit", &S::unit, ""},
                                   {"runs", &S::runs, ""},
                                   {"median", &S::median, ""},
                                   {"spread", &S::spread, "", null_is_a_value}});
  return made;
}

const Fields<Epoch>& epoch_fields() {
  using E = Epoch;
  static const Fields<E> made("",
                              {{"since", &E::since, ""},
                               {"reason", &E::reason, ""},
                               {"fingerprint", object(&E::fingerprint, fingerprint_fields()), ""},
                               {"summary", list(&E::summary, summary_rows()), ""},
                               {"runs", list(&E::runs, run_rows()), ""}});
  return made;
}

const Fields<Baseline>& baseline_fields() {
  using B = Baseline;
  static const Fields<B> made("", {{"host", &B::host, ""},
                                   {"scenario", &B::scenario, ""},
                                   {"epochs", list(&B::epochs, epoch_fields()), ""}});
  return made;
}

std::string file_name_part(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') c = '-';
  return text.empty() ? "unnamed" : text;
}

bool says_something(const RecordedCase& c, const RecordedMetric& metric) {
  if (metric.name == "mpps") return !bounds_from_below(c.limiter);
  if (metric.name != "cycles_per_packet") return true;
  return !spins(c) && !contains(c.metrics, "busy_cycles_per_packet", &RecordedMetric::name);
}

// By restart; a metric that is 0 somewhere has no ratio to another.
std::vector<BaselineDraw> metric_draws(const RecordedCase& c, const RecordedMetric& metric) {
  std::map<int, int> restarts;
  for (const RecordedTrial& trial : c.trials) restarts[trial.round] = trial.restart;
  std::map<int, std::vector<double>> values;
  for (const auto& [round, value] : metric.by_round) {
    if (value <= 0) return {};
    const int* restart = find_in(restarts, round);
    values[restart ? *restart : 0].push_back(value);
  }
  std::vector<BaselineDraw> made;
  for (const auto& [restart, all] : values) {
    const Draw draw = draw_of(all);
    made.push_back({restart, draw.median, draw.sd, draw.trials});
  }
  return made;
}

std::vector<EpochSummary> summarize_epoch(const Epoch& epoch) {
  std::vector<EpochSummary> made;
  std::map<std::pair<std::string, std::string>, std::vector<double>> all;
  for (const BaselineRun& run : epoch.runs)
    for (const BaselineCase& c : run.cases)
      for (const BaselineMetric& metric : c.metrics) {
        auto& values = all[{c.id, metric.name}];
        if (values.empty()) made.push_back({c.id, metric.name, metric.unit, 0, 0, {}});
        for (const Draw& draw : draws_of(run, metric)) values.push_back(draw.median);
      }
  for (EpochSummary& one : made) {
    const auto found = summarize(all[{one.case_id, one.metric}]);
    one.runs = found.n;
    one.median = found.median.value_or(0);
    one.spread = found.cov;
  }
  return made;
}

}  // namespace

std::string baseline_path(const std::string& dir, const std::string& host,
                          const std::string& scenario) {
  return dir + "/" + file_name_part(host) + "-" + file_name_part(scenario) + ".json";
}

Result<std::optional<Baseline>> read_baseline(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::optional<Baseline>();
  const auto json = read_json_file(path, kLimits);
  if (!json) return json.error();
  if (part(*json, "schema") != kSchema)
    return input_error(path, "/schema", std::string("must be \"") + kSchema + "\"");
  auto read = read_record(baseline_fields(), *json);
  if (!read) return input_error(path, "", read.error().message);
  return std::optional(std::move(*read));
}

std::string baseline_text(const Baseline& baseline) {
  Baseline summed = baseline;
  for (Epoch& epoch : summed.epochs) epoch.summary = summarize_epoch(epoch);
  Json made = {{"schema", kSchema}};
  made.update(write_record(baseline_fields(), summed));
  return dump_json(made, 2) + "\n";
}

std::vector<BaselineCase> baseline_cases(const RecordedRun& run) {
  std::vector<BaselineCase> made;
  for (const RecordedCase& c : run.cases) {
    if (c.status != CaseStatus::ok) continue;
    BaselineCase one{c.id, c.condition, c.limiter, {}, {}, {}};
    std::vector<double> offered;
    for (const RecordedTrial& trial : c.trials) {
      if (!is_ok(trial)) continue;
      if (trial.offered_pps) offered.push_back(*trial.offered_pps);
      if (trial.cycles_per_packet) one.cycles_source = trial.cycles_source;
    }
    one.offered_pps = summarize(std::move(offered)).median;
    for (const RecordedMetric& metric : c.metrics)
      if (says_something(c, metric))
        if (auto draws = metric_draws(c, metric); !draws.empty())
          one.metrics.push_back(
              {metric.name, metric.unit, metric.higher_is_better, std::move(draws)});
    made.push_back(std::move(one));
  }
  return made;
}

BaselineRun baseline_run(const RecordedRun& run, bool by_hand) {
  return {run.id,         run.started_at, run.path,           run.tool_version,
          run.git_commit, by_hand,        baseline_cases(run)};
}

std::vector<Draw> draws_of(const BaselineRun& run, const BaselineMetric& metric) {
  std::vector<Draw> made;
  for (const BaselineDraw& draw : metric.draws)
    made.push_back({draw.median, draw.sd, static_cast<std::size_t>(draw.trials)});
  if (!run.by_hand && !made.empty()) made = {mean_draw(made)};
  return made;
}

Result<void> begin_epoch(Baseline& baseline, const RecordedRun& run, const std::string& reason) {
  const auto refuse = [&](const std::string& why) {
    return make_error(ErrorCode::refused, printable(run.path, 300) + ": is no baseline: " + why);
  };
  if (!run.fingerprint)
    return refuse("it has no fingerprint, since an older pktbench made it; measure it again");
  if (run.interrupted) return refuse("it was interrupted; go on with it by --resume");
  for (const Epoch& epoch : baseline.epochs)
    if (run.fingerprint->is_virtual && !epoch.fingerprint.is_virtual)
      return refuse(
          "its testbed is virtual and says nothing about hardware, which this baseline is of");
  Epoch made{sys::rfc3339_utc(sys::utc_now()), reason, *run.fingerprint, {}, {}};
  made.runs.push_back(baseline_run(run, true));
  if (made.runs.front().cases.empty()) return refuse("none of its cases is ok");
  baseline.epochs.push_back(std::move(made));
  return {};
}

void roll_in(Epoch& epoch, const RecordedRun& run, const std::vector<std::string>& ids) {
  BaselineRun made = baseline_run(run, false);
  std::erase_if(made.cases, [&](const BaselineCase& c) { return !contains(ids, c.id); });
  epoch.runs.push_back(std::move(made));
  if (epoch.runs.size() > kRunsKept) epoch.runs.erase(epoch.runs.begin());
}

Epoch* epoch_for(Baseline& baseline, const Fingerprint& fingerprint,
                 const std::vector<std::string>& varied) {
  for (auto epoch = baseline.epochs.rbegin(); epoch != baseline.epochs.rend(); ++epoch)
    if (different_fields(epoch->fingerprint, fingerprint, varied).empty()) return &*epoch;
  return nullptr;
}

}  // namespace pktbench
