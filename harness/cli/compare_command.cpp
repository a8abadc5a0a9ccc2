#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/output.hpp"
#include "harness/compare/comparison.hpp"

namespace pktbench::cli {

namespace {

int exit_status(Verdict verdict) {
  switch (verdict) {
    case Verdict::regression:
      return kRegression;
    case Verdict::inconclusive:
      return kInvalid;
    case Verdict::improvement:
    case Verdict::no_change:
      break;
  }
  return kDone;
}

}  // namespace

int compare_command(const CompareArguments& arguments) {
  if (arguments.base_case.empty() != arguments.new_case.empty())
    return report_error(make_error(ErrorCode::invalid_input,
                                   "--base-case and --new-case go together; give both or neither"));
  const auto base = read_recorded_run(arguments.base);
  if (!base) return report_error(base.error());
  const auto next = read_recorded_run(arguments.next);
  if (!next) return report_error(next.error());
  CompareChoice choice;
  choice.base_case = arguments.base_case;
  choice.new_case = arguments.new_case;
  choice.rules.min_effect = arguments.min_effect_percent / 100;
  choice.rules.must_see = arguments.must_see_percent / 100;
  const auto made = compare_runs(*base, *next, choice);
  if (!made) return report_error(made.error());
  const int status = exit_status(made->verdict);
  const std::string text =
      arguments.json ? comparison_json(*made, status) : comparison_text(*made, stdout_terminal());
  return print_result(text, status);
}

}  // namespace pktbench::cli
