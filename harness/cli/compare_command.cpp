#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"

namespace pktbench::cli {

int compare_command(const CompareArguments& arguments) {
  CompareChoice choice = arguments.choice;
  if (choice.base_case.empty() != choice.new_case.empty())
    return report_error(make_error(ErrorCode::invalid_input,
                                   "--base-case and --new-case go together; give both or neither"));
  const auto base = read_recorded_run(arguments.base);
  if (!base) return report_error(base.error());
  const auto next = read_recorded_run(arguments.next);
  if (!next) return report_error(next.error());
  choice.rules.min_effect = arguments.min_effect_percent / 100;
  choice.rules.must_see = arguments.must_see_percent / 100;
  const auto made = compare_runs(*base, *next, choice);
  if (!made) return report_error(made.error());
  const int status = made->verdict == Verdict::regression     ? kRegression
                     : made->verdict == Verdict::inconclusive ? kInvalid
                                                              : kDone;
  const std::string text =
      arguments.json ? comparison_json(*made, status) : comparison_text(*made, stdout_terminal());
  return print_result(text, status);
}

}  // namespace pktbench::cli
