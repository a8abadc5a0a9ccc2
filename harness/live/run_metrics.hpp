// What a run has come to so far, for Prometheus: counters over its trials, each of which equals the
// sum over run.json; and of the last trial of each case what it measured.
//
// Threads: one controlling thread.
#pragma once

#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/live/metrics_server.hpp"
#include "harness/live/observer.hpp"

namespace pktbench {

class RunTotals {
 public:
  void add(const CaseSpec& spec, const TrialRecord& trial);
  // Of a trial that is on; not in the sums.
  void tick(const CaseSpec& spec, const method::Tick& tick);

  // `nics`: what the testbeds' NICs are called, by their place in the scenario.
  std::vector<prometheus::MetricFamily> families(const std::vector<std::string>& nics) const;

 private:
  struct OfCase {
    CaseSpec spec;
    std::uint64_t offered = 0;
    std::uint64_t received = 0;
    std::map<std::string, std::uint64_t> by_queue;  // "": those whose queue is not known
    std::uint64_t bytes = 0;
    DropCounts drops;
    std::int64_t unaccounted = 0;
    double seconds = 0;
    std::map<std::string, std::uint64_t> trials;  // by status
    // Of the last trial that has them; by phase: "warm-up", "window", or what a flip turned to.
    std::map<std::string, double> rates;
    std::map<std::string, double> cycles;
    std::optional<double> busy_cycles;
    std::string cycles_source;
    std::vector<CpuUsage> cpus;
  };
  using ModeOfCase = std::pair<std::string, std::string>;  // case id, effective mode

  std::map<ModeOfCase, OfCase> cases_;
  std::map<std::string, std::string> modes_;  // the last one, by case id
};

// Shows them by a MetricsServer, whose threads are kept from the CPUs that are measured. Where
// there is no other they answer between windows only.
class RunMetrics final : public Observer {
 public:
  explicit RunMetrics(MetricsServer& server) : server_(server) {}

  // A trial of the run that this one goes on with.
  void add(const CaseSpec& spec, const TrialRecord& trial) { totals_.add(spec, trial); }

  Result<void> on_testbeds_up(const Testbeds& testbeds) override;
  void on_skipped(const CaseSpec&, std::size_t, const std::string&) override { server_.release(); }
  void on_trial_started(const CaseSpec&, const TrialPlace&) override { server_.release(); }
  void on_tick(const CaseSpec& spec, const method::Tick& tick) override;
  void on_window(const CaseSpec&) override;
  Result<void> on_trial_ended(const CaseSpec& spec, const TrialRecord& record, const TrialPlace&,
                              bool again) override;
  void on_end() override { server_.release(); }

 private:
  void show() { server_.put(totals_.families(nics_)); }

  MetricsServer& server_;
  RunTotals totals_;
  std::vector<std::string> nics_;
  bool shares_cpus_ = true;
};

}  // namespace pktbench
