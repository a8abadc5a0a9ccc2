#include <boost/algorithm/string/split.hpp>
#include <filesystem>

#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"

namespace pktbench::cli {

namespace {

// One path, or several by comma.
Result<std::vector<RecordedRun>> read_side(const std::string& named) {
  std::vector<std::string> paths = {named};
  std::error_code ignored;
  if (!std::filesystem::exists(named, ignored))
    boost::algorithm::split(paths, named, [](char c) { return c == ','; });
  std::vector<RecordedRun> made;
  for (const std::string& path : paths) {
    auto run = read_recorded_run(path);
    if (!run) return run.error();
    made.push_back(std::move(*run));
  }
  return made;
}

std::vector<const RecordedRun*> all_of(const std::vector<RecordedRun>& runs) {
  std::vector<const RecordedRun*> made;
  for (const RecordedRun& run : runs) made.push_back(&run);
  return made;
}

}  // namespace

int compare_command(const CompareArguments& arguments) {
  CompareChoice choice = arguments.choice;
  if (choice.base_case.empty() != choice.new_case.empty())
    return report_error(make_error(ErrorCode::invalid_input,
                                   "--base-case and --new-case go together; give both or neither"));
  const auto base = read_side(arguments.base);
  if (!base) return report_error(base.error());
  const auto next = read_side(arguments.next);
  if (!next) return report_error(next.error());
  choice.rules.min_effect = arguments.min_effect_percent / 100;
  choice.rules.must_see = arguments.must_see_percent / 100;
  const auto made = compare_runs(all_of(*base), all_of(*next), choice);
  if (!made) return report_error(made.error());
  const int status = made->verdict == Verdict::regression     ? kRegression
                     : made->verdict == Verdict::inconclusive ? kInvalid
                                                              : kDone;
  const std::string text =
      arguments.json ? comparison_json(*made, status) : comparison_text(*made, stdout_terminal());
  return print_result(text, status);
}

}  // namespace pktbench::cli
