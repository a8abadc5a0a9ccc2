#include <string>

#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/output.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/host_lock.hpp"
#include "harness/sys/journal.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::cli {

int restore_command() {
  // Without a journal there is nothing to undo, whoever asks.
  if (!sys::has_journals(sys::kStateDir, sys::Journals::all))
    return print_result("nothing to restore\n", kDone);
  if (!sys::missing_capabilities().empty())
    return report_error(make_error(ErrorCode::refused, "not permitted: this process lacks " +
                                                           sys::missing_capabilities().front() +
                                                           "; run it as root"));
  auto lock = sys::HostLock::acquire("restore");
  if (!lock) return report_error(lock.error());
  auto report = sys::restore_all(sys::kStateDir, sys::Journals::all);
  if (!report) return report_error(report.error());
  std::string undone;
  for (const auto& line : report->undone) undone += clean_line(line) + "\n";
  for (const auto& line : report->failed)
    report_error(make_error(ErrorCode::failed, "cannot undo: " + line));
  return print_result(undone, report->failed.empty() ? kDone : kInternal);
}

}  // namespace pktbench::cli
