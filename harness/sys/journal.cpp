#include "harness/sys/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::sys {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kSuffix = ".journal";

Result<void> undo(const UndoEntry& entry) {
  if (entry.kind == "netns") return delete_netns(entry.target);
  if (entry.kind == "write") {
    auto r = write_file(entry.target, entry.value);
    // What the entry was about has gone with its device or namespace.
    if (!r && r.error().sys_errno == ENOENT) return {};
    return r;
  }
  return make_error(ErrorCode::failed, "the journal names an unknown change \"" + entry.kind +
                                           "\"; was it written by a newer version?");
}

std::string describe(const UndoEntry& entry) {
  if (entry.kind == "netns") return "removed namespace " + entry.target;
  return "wrote \"" + entry.value + "\" to " + entry.target;
}

// Journals of `dir`, in a fixed order.
std::vector<fs::path> journals(const std::string& dir) {
  std::vector<fs::path> paths;
  std::error_code ignored;
  for (const auto& file : fs::directory_iterator(dir, ignored))
    if (file.path().extension() == kSuffix) paths.push_back(file.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<UndoEntry> read_entries(const fs::path& path) {
  std::vector<UndoEntry> entries;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const json j = json::parse(line, nullptr, false);
    // A torn last line was never synced, so its change was never made.
    if (!j.is_object() || !j.contains("kind") || !j.contains("target") || !j.contains("value"))
      continue;
    entries.push_back({j["kind"], j["target"], j["value"]});
  }
  return entries;
}

}  // namespace

Result<Journal> Journal::create(const std::string& dir) {
  if (mkdir(dir.c_str(), 0755) != 0 && errno != EEXIST) return system_error("mkdir " + dir, errno);
  const std::string path = dir + "/" + std::to_string(getpid()) + kSuffix;
  Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file) return system_error("create the undo journal " + path, errno);
  Fd parent(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || fsync(parent.get()) != 0) return system_error("sync " + dir, errno);
  return Journal(path, std::move(file));
}

Result<void> Journal::record(const UndoEntry& entry) {
  const json j = {{"kind", entry.kind}, {"target", entry.target}, {"value", entry.value}};
  const std::string line = j.dump() + "\n";
  if (write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return system_error("write the undo journal " + path_, errno);
  if (fdatasync(file_.get()) != 0) return system_error("sync the undo journal " + path_, errno);
  entries_.push_back(entry);
  return {};
}

Result<void> Journal::undo_all() {
  Result<void> result;
  while (!entries_.empty()) {
    if (auto r = undo(entries_.back()); !r) result = r;
    entries_.pop_back();
  }
  // A journal with something left in it is for `pktbench restore`.
  if (result && unlink(path_.c_str()) != 0 && errno != ENOENT)
    return system_error("remove the undo journal " + path_, errno);
  return result;
}

Result<RestoreReport> restore_all(const std::string& dir) {
  RestoreReport report;
  for (const fs::path& path : journals(dir)) {
    std::vector<UndoEntry> entries = read_entries(path);
    bool all = true;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (auto r = undo(*entry); r) {
        report.undone.push_back(describe(*entry));
      } else {
        report.failed.push_back(r.error().message);
        all = false;
      }
    }
    if (all && unlink(path.c_str()) != 0) return system_error("remove " + path.string(), errno);
  }
  return report;
}

bool has_journals(const std::string& dir) { return !journals(dir).empty(); }

}  // namespace pktbench::sys
