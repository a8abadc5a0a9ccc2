#include "harness/cli/host.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <string>

#include "harness/cli/commands.hpp"
#include "harness/cli/output.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::cli {

namespace {

Result<undo::HostLock> permitted_lock(const std::string& purpose) {
  if (auto r = permitted(); !r) return r.error();
  return undo::lock_host(purpose);
}

}  // namespace

Result<void> permitted() {
  if (const auto missing = sys::missing_capabilities(); !missing.empty())
    return make_error(ErrorCode::refused, "not permitted: this process lacks {}; run it as root",
                      fmt::join(missing, ", "));
  return {};
}

Result<undo::HostLock> claim_host(const std::string& purpose) {
  auto lock = permitted_lock(purpose);
  if (!lock || !undo::has_journals()) return lock;
  auto report = undo::restore_all();
  if (!report) return report.error();
  for (const std::string& line : report->undone)
    spdlog::warn("an ended run's change undone: {}", line);
  if (!report->failed.empty())
    return make_error(ErrorCode::refused,
                      "an ended run's change cannot be undone: " + report->failed.front() +
                          "; where the host is as you want it: rm " + undo::kStateDir +
                          "/*.journal");
  return lock;
}

int restore_command() {
  // Without a journal there is nothing to undo, whoever asks.
  if (!undo::has_journals(undo::kStateDir, undo::Journals::all))
    return print_result("nothing to restore\n", kDone);
  auto lock = permitted_lock("restore");
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
