// What becomes of a run, as it comes: the one interface behind which records are kept and progress
// is shown. The runner knows only this.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/trial.hpp"
#include "harness/method/session.hpp"

namespace pktbench {

struct LabelledTestbed {
  std::string label;  // empty where there is only one
  const Testbed* testbed;
};
using Testbeds = std::vector<LabelledTestbed>;

// Which trial of a case it is.
struct TrialPlace {
  int round = 0;   // from 0
  int rounds = 0;  // at least that many
  // Of what was planned, done with this trial: 0 where others are to follow in its place.
  std::size_t ended = 1;
};

// Threads: called from the runner's one thread, never while a window is open.
class Observer {
 public:
  virtual ~Observer() = default;

  // The wiring stands, before the first and after the last trial: the time to look at the machine.
  // All of the scenario's testbeds, in its order. An error of the first ends the run before it has
  // measured.
  virtual Result<void> on_testbeds_up(const Testbeds&) { return {}; }
  virtual void on_testbeds_down(const Testbeds&) {}

  virtual void on_begin(std::size_t /*trials*/) {}
  // `trials` more than on_begin() said, for the reason.
  virtual void on_more(std::size_t /*trials*/, const std::string& /*why*/) {}
  // `trials` of this case will not be made, for this reason.
  virtual void on_skipped(const CaseSpec&, std::size_t /*trials*/, const std::string& /*why*/) {}

  virtual void on_trial_started(const CaseSpec&, const TrialPlace&) {}
  virtual void on_tick(const CaseSpec&, const method::Tick&) {}
  // A window is about to open. Nothing is called until the trial has ended.
  virtual void on_window(const CaseSpec&) {}
  // Whoever keeps it has it durable when this returns: a trial that has ended is never lost.
  // `again`: it was disturbed, and will be made once more.
  virtual Result<void> on_trial_ended(const CaseSpec&, const TrialRecord&, const TrialPlace&,
                                      bool /*again*/) {
    return {};
  }
  // Many lines that belong to the trial that has just failed, such as the verifier's log.
  virtual void on_detail(const std::string& /*text*/) {}

  virtual void on_end() {}
};

// Several, in this order: who keeps records comes first, so that nothing is shown that is not kept.
class Observers final : public Observer {
 public:
  // All of them outlive it.
  explicit Observers(std::vector<Observer*> all) : all_(std::move(all)) {}

  Result<void> on_testbeds_up(const Testbeds& testbeds) override {
    return until_one_fails(&Observer::on_testbeds_up, testbeds);
  }
  void on_testbeds_down(const Testbeds& testbeds) override {
    each(&Observer::on_testbeds_down, testbeds);
  }
  void on_begin(std::size_t trials) override { each(&Observer::on_begin, trials); }
  void on_more(std::size_t trials, const std::string& why) override {
    each(&Observer::on_more, trials, why);
  }
  void on_skipped(const CaseSpec& spec, std::size_t trials, const std::string& why) override {
    each(&Observer::on_skipped, spec, trials, why);
  }
  void on_trial_started(const CaseSpec& spec, const TrialPlace& place) override {
    each(&Observer::on_trial_started, spec, place);
  }
  void on_tick(const CaseSpec& spec, const method::Tick& tick) override {
    each(&Observer::on_tick, spec, tick);
  }
  void on_window(const CaseSpec& spec) override { each(&Observer::on_window, spec); }
  Result<void> on_trial_ended(const CaseSpec& spec, const TrialRecord& record,
                              const TrialPlace& place, bool again) override {
    return until_one_fails(&Observer::on_trial_ended, spec, record, place, again);
  }
  void on_detail(const std::string& text) override { each(&Observer::on_detail, text); }
  void on_end() override { each(&Observer::on_end); }

 private:
  template <class F, class... A>
  void each(F event, const A&... arguments) {
    for (Observer* o : all_) (o->*event)(arguments...);
  }
  template <class F, class... A>
  Result<void> until_one_fails(F event, const A&... arguments) {
    for (Observer* o : all_)
      if (auto r = (o->*event)(arguments...); !r) return r;
    return {};
  }

  std::vector<Observer*> all_;
};

}  // namespace pktbench
