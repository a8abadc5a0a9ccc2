#include "harness/undo/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/sys/bytes_text.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/own_path.hpp"

namespace pktbench::undo {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kSuffix = ".journal";
constexpr const char* kKeptFile = "applied.kept";

std::string line_of(const UndoEntry& entry) {
  const json j = {{"kind", entry.kind},
                  {"target", sys::bytes_to_text(entry.target)},
                  {"value", sys::bytes_to_text(entry.value)}};
  return j.dump() + "\n";
}

// Journals of `dir`, in a fixed order: what was kept is older than what a run has left.
std::vector<fs::path> journals(const std::string& dir, Journals which) {
  std::vector<fs::path> paths;
  for (const fs::path& path : sys::entries_of(dir))
    if (path.extension() == kSuffix) paths.push_back(path);
  std::sort(paths.begin(), paths.end());
  std::error_code ignored;
  const fs::path kept = fs::path(dir) / kKeptFile;
  if (which == Journals::all && fs::exists(kept, ignored)) paths.push_back(kept);
  return paths;
}

std::vector<UndoEntry> read_entries(const fs::path& path) {
  std::vector<UndoEntry> entries;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const json j = json::parse(line, nullptr, false);
    // A torn last line was never synced, so its change was never made.
    const auto text = [&](const char* key) { return j.contains(key) && j[key].is_string(); };
    if (!j.is_object() || !text("kind") || !text("target") || !text("value")) continue;
    entries.push_back({j["kind"], sys::text_to_bytes(j["target"].get_ref<const std::string&>()),
                       sys::text_to_bytes(j["value"].get_ref<const std::string&>())});
  }
  return entries;
}

}  // namespace

Result<void> make_state_directory(const std::string& dir) {
  const bool made = mkdir(dir.c_str(), 0755) == 0;
  if (!made && errno != EEXIST) return system_error("mkdir " + dir, errno);
  if (made && chmod(dir.c_str(), 0755) != 0) return system_error("set the mode of " + dir, errno);
  auto own = sys::open_own(dir);
  if (!own) return own.error();
  return {};
}

Result<Journal> Journal::create(const std::string& dir) {
  return open_at(dir, fmt::format("{}{}", getpid(), kSuffix));
}

Result<Journal> Journal::kept(const std::string& dir) { return open_at(dir, kKeptFile); }

Result<Journal> Journal::open_at(const std::string& dir, const std::string& name) {
  if (auto r = make_state_directory(dir); !r) return r.error();
  const std::string path = dir + "/" + name;
  sys::Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return system_error("create the undo journal " + path, errno);
  sys::Fd parent(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || fsync(parent.get()) != 0) return system_error("sync " + dir, errno);
  Journal journal(path, std::move(file));
  journal.entries_ = read_entries(path);
  return journal;
}

Result<void> Journal::record(const UndoEntry& entry) {
  if (auto r = append(line_of(entry)); !r) return r;
  entries_.push_back(entry);
  return {};
}

Result<void> Journal::retract() {
  entries_.pop_back();
  return rewrite();
}

// What is still recorded, in one write: a crash leaves the old journal or the new one, of which the
// old only undoes again what is undone already.
Result<void> Journal::rewrite() {
  std::string text;
  for (const UndoEntry& entry : entries_) text += line_of(entry);
  if (ftruncate(file_.get(), 0) != 0) return system_error("empty the undo journal " + path_, errno);
  return append(text);
}

Result<void> Journal::append(const std::string& text) {
  if (write(file_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return system_error("write the undo journal " + path_, errno);
  if (fdatasync(file_.get()) != 0) return system_error("sync the undo journal " + path_, errno);
  return {};
}

Result<void> Journal::undo_since(std::size_t size) {
  if (entries_.size() == size) return {};
  Result<void> result;
  for (auto i = entries_.size(); i-- > size;) {
    if (auto r = undo(entries_[i]); !r)
      result = r;
    else
      entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (auto r = rewrite(); !r) return r;
  return result;
}

Result<void> Journal::undo_all() {
  Result<void> result = undo_since(0);
  // A journal with something left in it is for `pktbench restore`.
  if (result && unlink(path_.c_str()) != 0 && errno != ENOENT)
    return system_error("remove the undo journal " + path_, errno);
  return result;
}

Result<Applied> apply(const Change& change, const std::string& wanted, Journal* journal) {
  Applied done{change.device, change.what, wanted, "", "", ""};
  const auto before = change.get();
  if (!before) {
    done.failed = before.error().message;
    return done;
  }
  done.before = done.after = *before;
  if (*before == wanted) return done;
  if (journal) {
    const auto entry = change.entry(*before);
    if (!entry) return entry.error();
    if (auto r = journal->record(*entry); !r) return r.error();
  }
  const auto set = change.set(wanted);
  const auto after = change.get();
  done.after = after ? *after : "";
  if (!set)
    done.failed = set.error().message;
  else if (done.after != wanted)
    done.failed = change.what + " did not take " + wanted + ": it has " + done.after;
  // What was not changed needs no undo, and what somebody else has just made must have none; what
  // was changed to something else keeps its own.
  const bool theirs = !set && set.error().sys_errno == EEXIST;
  if (journal && (theirs || (after && *after == *before)))
    if (auto r = journal->retract(); !r) return r.error();
  return done;
}

Result<void> require(const Change& change, const std::string& wanted, Journal* journal) {
  const auto done = apply(change, wanted, journal);
  if (!done) return done.error();
  if (done->failed.empty()) return {};
  return make_error(ErrorCode::failed, done->failed);
}

Result<RestoreReport> restore_all(const std::string& dir, Journals which) {
  RestoreReport report;
  for (const fs::path& path : journals(dir, which)) {
    // It says what to write where, as root.
    if (auto own = sys::open_own(path); !own) return own.error();
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

bool has_journals(const std::string& dir, Journals which) { return !journals(dir, which).empty(); }

}  // namespace pktbench::undo
