// The undo journal: every change to the host is recorded, with how to undo it, and synced to disk
// before it is made, so that `pktbench restore` can undo what a killed run has left.
//
// A journal is one file of JSON lines in kStateDir, which is on a tmpfs: it is gone after a reboot,
// as are the changes. Undoing is in reverse order and idempotent: an entry whose change was never
// made, or was undone already, is no error.
//
// Threads: one. Errors: what cannot be undone stays in the journal and is reported.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/core/applied.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"
#include "harness/undo/change.hpp"

namespace pktbench::undo {

inline constexpr const char* kStateDir = "/run/pktbench";

// Made where it is not there, for all to read whatever the umask. Errors: `refused` where others
// could put something into it: what its journals say is done as root.
Result<void> make_state_directory(const std::string& dir);

class Journal {
 public:
  // Makes DIR/<pid>.journal. The caller holds the host lock.
  static Result<Journal> create(const std::string& dir = kStateDir);

  // That of changes which are meant to outlive this process and the runs after it, until
  // `pktbench restore`: one for all, which further changes are added to.
  static Result<Journal> kept(const std::string& dir = kStateDir);

  // Durable when it returns; only then may the caller make the change.
  Result<void> record(const UndoEntry& entry);

  // Takes back the last record, of a change that was not made.
  Result<void> retract();

  std::size_t size() const { return entries_.size(); }

  // Undoes what was recorded after it had `size` entries, newest first, and goes on.
  Result<void> undo_since(std::size_t size);

  // Undoes all that was recorded, newest first, and removes the file when all went well.
  Result<void> undo_all();

 private:
  static Result<Journal> open_at(const std::string& dir, const std::string& name);
  Result<void> append(const std::string& text);
  Result<void> rewrite();
  Journal(std::string path, sys::Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  sys::Fd file_;
  std::vector<UndoEntry> entries_;
};

// Sets `wanted` where it is not so already: recorded in `journal` first, read back, taken from the
// journal again where nothing was changed. `journal` null: an entry that is there already covers
// it, of the whole port or of the namespace that it is in. Errors: the journal's; why the host is
// not as wanted is in what is returned.
Result<Applied> apply(const Change& change, const std::string& wanted, Journal* journal);

// The same where one cannot go on without it: what is not as wanted is an error.
Result<void> require(const Change& change, const std::string& wanted, Journal* journal = nullptr);

struct RestoreReport {
  std::vector<std::string> undone;  // one sentence per entry
  std::vector<std::string> failed;
};

enum class Journals {
  left_by_runs,
  all,  // those and the kept one
};

// Undoes the journals in `dir`. The caller holds the host lock, so none belongs to a living run.
Result<RestoreReport> restore_all(const std::string& dir = kStateDir,
                                  Journals which = Journals::left_by_runs);

// True where there is one to undo.
bool has_journals(const std::string& dir = kStateDir, Journals which = Journals::left_by_runs);

}  // namespace pktbench::undo
