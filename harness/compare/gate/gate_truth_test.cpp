// The gate over many nights whose truth is known: a run's median is the truth + what the run drew
// (run effect) + what is left of its trials' noise. How often does it alarm where nothing changed,
// and how often does it find a drop in the first night?
//
// PKTBENCH_GATE_NIGHTS sets the nights without a change of each pair of noises (1000: what the
// limits are made for).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>

#include "harness/compare/gate/gate.hpp"
#include "harness/text/number_test_util.hpp"

namespace pktbench {
namespace {

constexpr int kFullNights = 1000;
constexpr int kTrials = 10;

int nights() { return test::number_of_environment("PKTBENCH_GATE_NIGHTS", kFullNights); }

struct Noise {
  double run;    // standard deviation between runs, relative
  double trial;  // of a trial inside its run
};

class Lab {
 public:
  Lab(Noise noise, unsigned seed) : noise_(noise), random_(seed) {}

  double truth = 10;

  std::vector<double> trials() {
    const double drawn = truth * (1 + noise_.run * normal_(random_));
    std::vector<double> made;
    for (int i = 0; i < kTrials; ++i) made.push_back(drawn * (1 + noise_.trial * normal_(random_)));
    return made;
  }
  Draw run() { return draw_of(trials()); }

 private:
  Noise noise_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

std::vector<Draw> history_of(Lab& lab, std::size_t runs) {
  std::vector<Draw> made;
  for (std::size_t i = 0; i < runs; ++i) made.insert(made.begin(), lab.run());
  return made;
}

// What `pktbench gate` does of one case, by the same calls.
GateMeasure night(Lab& lab, const std::vector<Draw>& history, const GateRules& rules) {
  GateMeasure m;
  m.history = history;
  m.first = {lab.run()};
  std::vector<GateMeasure> all = {m};
  screen(all, rules);
  for (std::size_t look = 0; look < rules.looks.size() && all[0].open; ++look) {
    while (all[0].again.size() < rules.looks[look]) all[0].again.push_back(lab.run());
    confirm(all, look, rules);
  }
  return all[0];
}

struct Count {
  int alarms = 0;
  int inconclusive = 0;
  int measured_again = 0;
};

// Night after night; what passes rolls into the history.
Count nights_without_change(Noise noise, const GateRules& rules, unsigned seed) {
  Lab lab(noise, seed);
  std::vector<Draw> history = history_of(lab, rules.history);
  Count made;
  for (int i = 0; i < nights(); ++i) {
    const GateMeasure m = night(lab, history, rules);
    made.alarms += m.kind == GateKind::regression || m.kind == GateKind::improvement;
    made.inconclusive += m.kind == GateKind::inconclusive;
    made.measured_again += m.suspect;
    if (!may_be_accepted(m, rules)) continue;
    history.insert(history.begin(), m.first.front());
    history.resize(std::min(history.size(), rules.history));
  }
  return made;
}

TEST(GateTruth, NightsWithoutAChangeRaiseAtMost5AlarmsIn1000) {
  for (const double run : {0.0, 0.005, 0.01, 0.02})
    for (const double trial : {0.01, 0.02}) {
      const Count made = nights_without_change({run, trial}, {}, 7);
      std::printf(
          "truth: %d nights without change, run effect %.1f%%, trial noise %.0f%%: %d alarms, %d "
          "inconclusive, %d measured again\n",
          nights(), 100 * run, 100 * trial, made.alarms, made.inconclusive, made.measured_again);
      EXPECT_LE(made.alarms, 5 * nights() / kFullNights + (nights() < kFullNights));
      EXPECT_LE(made.measured_again, nights() / 4);
    }
}

TEST(GateTruth, ADropOf3PercentIsCaughtInTheFirstNight) {
  constexpr int kTries = 200;
  int caught = 0;
  for (int i = 0; i < kTries; ++i) {
    Lab lab({0.005, 0.01}, 1000 + static_cast<unsigned>(i));
    const std::vector<Draw> history = history_of(lab, GateRules{}.history);
    lab.truth *= 0.97;
    caught += night(lab, history, {}).kind == GateKind::regression;
  }
  std::printf(
      "truth: a drop of 3%% in the first night, run effect 0.5%%, trial noise 1%%: %d of %d\n",
      caught, kTries);
  EXPECT_GE(caught, kTries * 95 / 100);
}

// What the limits are held against: a gate that takes each trial for a run of its own, and so knows
// nothing of what runs draw, must break them.
TEST(GateTruth, AGateWithoutTheVarianceBetweenRunsCriesWolf) {
  Lab lab({0.01, 0.01}, 7);
  const GateRules rules;
  int alarms = 0;
  constexpr int kNights = 200;
  for (int i = 0; i < kNights; ++i) {
    const auto as_runs = [&] {
      std::vector<Draw> made;
      for (const double value : lab.trials()) made.push_back({value, 0, 1});
      return made;
    };
    GateMeasure m;
    m.history = as_runs();
    m.first = as_runs();
    std::vector<GateMeasure> all = {m};
    screen(all, rules);
    const std::vector<Draw> again = as_runs();  // one restart
    for (std::size_t look = 0; look < rules.looks.size() && all[0].open; ++look) {
      all[0].again.assign(again.begin(),
                          again.begin() + static_cast<std::ptrdiff_t>(rules.looks[look]));
      confirm(all, look, rules);
    }
    alarms += all[0].kind == GateKind::regression || all[0].kind == GateKind::improvement;
  }
  std::printf("truth: without the variance between runs: %d alarms in %d nights\n", alarms,
              kNights);
  EXPECT_GT(alarms, 5);
}

// In turn, as with --base-command and --new-command, under a drift that both sides meet.
TEST(GateTruth, InTurnAFivePercentChangeIsFoundAndNoneIsNot) {
  int alarms = 0;
  int caught = 0;
  constexpr int kTries = 200;
  for (const double truth : {1.0, 0.95})
    for (int i = 0; i < kTries; ++i) {
      Lab lab({0.01, 0.01}, 5000 + static_cast<unsigned>(i));
      GateRules rules;
      rules.looks = {4, 8, 12};
      GateMeasure m;
      m.in_turn = true;
      std::vector<GateMeasure> all = {m};
      screen(all, rules);
      for (std::size_t look = 0; look < rules.looks.size() && all[0].open; ++look) {
        while (all[0].again.size() < rules.looks[look]) {
          const double drift = 1 - 0.01 * static_cast<double>(all[0].again.size());
          lab.truth = 10 * drift;
          all[0].history.push_back(lab.run());
          lab.truth = 10 * drift * truth;
          all[0].again.push_back(lab.run());
        }
        confirm(all, look, rules);
      }
      (truth < 1 ? caught : alarms) +=
          all[0].kind == GateKind::regression || all[0].kind == GateKind::improvement;
    }
  std::printf("truth: in turn, under drift: %d alarms of %d, %d of %d drops of 5%% found\n", alarms,
              kTries, caught, kTries);
  EXPECT_LE(alarms, 2);
  EXPECT_GE(caught, kTries * 95 / 100);
}

}  // namespace
}  // namespace pktbench
