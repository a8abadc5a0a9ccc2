// Runs that were never made, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "harness/compare/comparison.hpp"

namespace pktbench::test {

inline constexpr int kRounds = 12;

// Steady to 0.1%, and no two rounds alike.
inline std::vector<double> figures(double around, int n = kRounds) {
  std::vector<double> made;
  for (int i = 0; i < n; ++i) made.push_back(around * (1 + 0.001 * std::sin(1 + 7.0 * i + around)));
  return made;
}

inline RecordedTrial make_trial(int round, TrialStatus status, std::optional<double> mpps,
                                std::optional<double> cycles,
                                std::optional<double> offered_pps = {}) {
  RecordedTrial made;
  made.round = round;
  made.restart = round / 3;
  made.status = status;
  made.mpps = mpps;
  made.cycles_per_packet = cycles;
  made.cycles_source = "tsc";
  made.offered_pps = offered_pps;
  return made;
}

inline RecordedCase make_case(const std::string& id, double mpps, double cycles, int n = kRounds) {
  RecordedCase made;
  made.id = id;
  made.comparable = {{"testbed", "veth"},
                     {"arrangement", "isolated"},
                     {"generator", "xdp-live"},
                     {"generator_batch", "16"},
                     {"generator_options", "{}"},
                     {"frame_size", "64"},
                     {"flows", "1"},
                     {"rate_pps", "none"},
                     {"virtual", "true"},
                     {"napi_policy", "fifo"},
                     {"dut_idle", "poll"}};
  made.subject = {{"backend", "xdp-native"}, {"mode", "native"}, {"telemetry", "full"}};
  made.status = CaseStatus::ok;
  made.limiter = Limiter::dut;
  const auto rates = figures(mpps, n);
  const auto costs = figures(cycles, n);
  for (int i = 0; i < n; ++i)
    made.trials.push_back(make_trial(i, TrialStatus::ok, rates[i], costs[i], 8e6));
  return made;
}

inline RecordedRun make_run(const std::string& id, std::vector<RecordedCase> cases) {
  RecordedRun made;
  made.path = id + "/run.json";
  made.id = id;
  made.host = "host";
  made.started_at = "2026-01-02T03:04:05Z";
  made.tool_version = "0.1.0";
  made.environment = {{"kernel", "6.1"}};
  made.cases = std::move(cases);
  return made;
}

inline Comparison compare(const RecordedRun& base, const RecordedRun& next) {
  auto made = compare_runs(base, next, {});
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return std::move(*made);
}

// Two cases of one run, whose rounds pair; `next` is called "d" there.
inline Comparison compare(const RecordedCase& base, RecordedCase next) {
  next.id = "d";
  next.subject["of"] = "new";  // no twin of the other
  const RecordedRun run = make_run("a", {base, next});
  auto made = compare_runs(run, run, {base.id, next.id, {}});
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return std::move(*made);
}

inline bool mentions(const std::vector<std::string>& texts, const std::string& part) {
  for (const std::string& text : texts)
    if (text.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace pktbench::test
