#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"
#include "harness/compare/gate/baseline.hpp"
#include "harness/sys/caller.hpp"
#include "harness/sys/kept_file.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/numbers.hpp"
#include "harness/text/text_table.hpp"

namespace pktbench::cli {

namespace {

namespace fs = std::filesystem;

Result<std::string> accept(const BaselineArguments& arguments) {
  const auto run = read_recorded_run(arguments.run);
  if (!run) return run.error();
  if (run->scenario.empty())
    return input_error(run->path, "/scenario/name", "the run does not tell its scenario");
  const std::string path = baseline_path(arguments.dir, run->host, run->scenario);
  auto read = read_baseline(path);
  if (!read) return read.error();
  Baseline baseline = *read ? std::move(**read) : Baseline{run->host, run->scenario, {}};
  if (auto r = begin_epoch(baseline, *run, arguments.reason); !r) return r.error();
  if (auto r = sys::keep_file(arguments.dir, fs::path(path).filename().string(),
                              baseline_text(baseline));
      !r)
    return r.error();
  return fmt::format("{}: an epoch begins with {} ({} cases)\n", path, printable(run->path, 300),
                     baseline.epochs.back().runs.front().cases.size());
}

Result<std::string> list(const std::string& dir) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(dir, failed))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  if (failed)
    return make_error(ErrorCode::invalid_input, "{}: cannot be listed: {}", dir, failed.message());
  std::ranges::sort(files);
  std::vector<TextRow> rows;
  for (const fs::path& file : files) {
    const auto baseline = read_baseline(file.string());
    if (!baseline) return baseline.error();
    for (const Epoch& epoch : (*baseline)->epochs)
      for (const EpochSummary& one : epoch.summary)
        rows.push_back(
            {{clean_line(file.filename().string()), clean_line(one.case_id), clean_line(one.metric),
              std::to_string(one.runs), fmt::format("{:.4g} {}", one.median, clean_line(one.unit)),
              one.spread ? fine_percent(*one.spread) : "-", clean_line(epoch.since),
              printable(epoch.reason, 60)},
             {},
             ""});
  }
  if (rows.empty()) return "no baseline in " + dir + "\n";
  return text_table({{"file"},
                     {"case"},
                     {"metric"},
                     {"runs", true, 3},
                     {"median", true},
                     {"spread", true, 2},
                     {"since", false, 4},
                     {"reason", false, 1}},
                    rows, "the file", stdout_terminal());
}

}  // namespace

int baseline_command(const BaselineArguments& arguments) {
  const bool accepts = arguments.action == "accept";
  if (accepts && (arguments.run.empty() || arguments.reason.empty()))
    return report_error(make_error(ErrorCode::invalid_input,
                                   "baseline accept needs a run and --reason, which says why"));
  if (!accepts && !(arguments.run.empty() && arguments.reason.empty()))
    return report_error(
        make_error(ErrorCode::invalid_input, "baseline list takes no run and no --reason"));
  const auto said = accepts ? accept(arguments) : list(arguments.dir);
  if (!said) return report_error(said.error());
  return print_result(*said, kDone);
}

}  // namespace pktbench::cli
