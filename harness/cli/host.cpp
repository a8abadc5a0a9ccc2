#include "harness/cli/host.hpp"

#include <spdlog/spdlog.h>

#include <string>

#include "harness/sys/cpu.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::cli {

Result<undo::HostLock> claim_host(const std::string& purpose) {
  if (const auto missing = sys::missing_capabilities(); !missing.empty()) {
    std::string names;
    for (const std::string& name : missing) names += (names.empty() ? "" : ", ") + name;
    return make_error(ErrorCode::refused,
                      "not permitted: this process lacks " + names + "; run it as root");
  }
  auto lock = undo::lock_host(purpose);
  if (!lock) return lock;
  if (!undo::has_journals()) return lock;
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

}  // namespace pktbench::cli
