// A scenario on the simulated testbed, in memory, and whole runs of it: through the parser, the
// runner and the method, as `pktbench run` does it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "harness/cli/registry.hpp"
#include "harness/runner/run.hpp"

namespace pktbench::cli {

class Notes final : public Observer {
 public:
  explicit Notes(StopFlag& stop) : stop_(stop) {}
  Result<void> on_trial_ended(const CaseSpec& spec, const TrialRecord& trial, const TrialPlace&,
                              bool) override {
    order.push_back(spec.id + "#" + std::to_string(trial.index));
    if (order.size() == stop_after) stop_ = true;
    if (order.size() == fail_after) return make_error(ErrorCode::failed, "disk full");
    return {};
  }
  std::vector<std::string> order;
  std::size_t stop_after = 0;
  std::size_t fail_after = 0;

 private:
  StopFlag& stop_;
};

class SimulatedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("pktbench-simulated-" + std::to_string(getpid()) + ".json");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // `backends` is the JSON of that key.
  Scenario scenario(const std::string& backends,
                    const std::string& traffic = R"("generator": "simulated")",
                    const std::string& testbed = R"("noise": 0)", const std::string& queues = "1") {
    std::ofstream(path_) << R"({"testbed": {"name": "simulated", "capacity_pps": 2e6, )" << testbed
                         << "}, "
                         << R"("queues": )" << queues << R"(, "traffic": {)" << traffic
                         << R"(}, "method": {"trials": 3}, "backends": )" << backends << "}";
    auto loaded = load_scenario(path_, registry(), {});
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    return std::move(*loaded);
  }

  RunOutcome run(const Scenario& s, const FinishedTrials& finished = {}) {
    auto outcome = run_scenario(s, registry(), finished, notes_, stop_);
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message);
    return std::move(*outcome);
  }

  std::filesystem::path path_;
  StopFlag stop_{false};
  Notes notes_{stop_};
};

}  // namespace pktbench::cli
