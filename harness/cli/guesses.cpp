#include "harness/cli/guesses.hpp"

#include <spdlog/spdlog.h>

#include <string>

#include "harness/core/options.hpp"
#include "harness/method/search/first_guess.hpp"
#include "harness/method/search/search.hpp"
#include "harness/record/trial_log.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::cli {

namespace {

void write(const char* name, const std::string& value, Scenario& scenario) {
  scenario.method_options[name] = value;
  scenario.resolved["method"][name] = value;
}

}  // namespace

Result<void> add_guesses(const std::string& earlier_run, Scenario& scenario) {
  if (earlier_run.empty()) return {};
  if (!scenario.method_options.contains(method::kGuess))
    return make_error(
        ErrorCode::invalid_input,
        "--guess is for the method search; this scenario's is " + scenario.method->name);
  auto log = load_trials(earlier_run);
  if (!log) {
    Error error = log.error();
    error.code = ErrorCode::invalid_input;
    error.message += "; --guess takes the directory of an earlier run";
    return error;
  }
  method::FirstGuesses guesses;
  for (const CaseSpec& spec : scenario.cases) {
    CaseResult earlier;
    earlier.spec = spec;
    for (const LoggedTrial& logged : log->trials)
      if (logged.case_id == spec.id) earlier.trials.push_back(logged.trial);
    if (const auto guess = method::first_guess(scenario.method_options, earlier))
      guesses[spec.id] = *guess;
  }
  if (guesses.empty())
    spdlog::warn("{} has no search of a case of this scenario: each begins with nothing",
                 clean_line(earlier_run));
  write(method::kGuess, method::guesses_text(guesses), scenario);
  write(method::kGuessFrom, earlier_run, scenario);
  return {};
}

void keep_guesses(const Scenario& of_run, Scenario& given) {
  if (of_run.method != given.method || !of_run.method_options.contains(method::kGuessFrom)) return;
  if (option<std::string>(of_run.method_options, method::kGuessFrom).empty()) return;
  for (const char* name : {method::kGuess, method::kGuessFrom})
    write(name, option<std::string>(of_run.method_options, name), given);
}

}  // namespace pktbench::cli
