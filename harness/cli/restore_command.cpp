#include <string>

#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/output.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/undo/host_lock.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::cli {

int restore_command() {
  // Without a journal there is nothing to undo, whoever asks.
  if (!undo::has_journals(undo::kStateDir, undo::Journals::all))
    return print_result("nothing to restore\n", kDone);
  if (!sys::missing_capabilities().empty())
    return report_error(make_error(ErrorCode::refused, "not permitted: this process lacks " +
                                                           sys::missing_capabilities().front() +
                                                           "; run it as root"));
  auto lock = undo::lock_host("restore");
  if (!lock) return report_error(lock.error());
  auto report = undo::restore_all(undo::kStateDir, undo::Journals::all);
  if (!report) return report_error(report.error());
  std::string undone;
  for (const auto& line : report->undone) undone += clean_line(line) + "\n";
  for (const auto& line : report->failed)
    report_error(make_error(ErrorCode::failed, "cannot undo: " + line));
  return print_result(undone, report->failed.empty() ? kDone : kInternal);
}

}  // namespace pktbench::cli
