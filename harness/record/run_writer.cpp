#include "harness/record/run_writer.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "harness/sys/caller.hpp"
#include "harness/sys/write_all.hpp"

namespace pktbench {

namespace {

// One name: the lock on the log keeps writers apart, and what a killed one left is replaced.
constexpr const char* kTempName = ".run.json.tmp";

const char* remedy(int error) {
  if (error == ENOSPC || error == EDQUOT)
    return "; free some space there, or choose another directory with --out";
  if (error == EROFS || error == EACCES || error == EPERM)
    return "; choose a directory that you may write with --out";
  if (error == EIO) return "; the disk is at fault, choose another one with --out";
  return "; choose another directory with --out";
}

Error file_error(const std::string& what, int error) {
  Error made = system_error(what, error);
  made.message += remedy(error);
  // What was named is no place for a directory.
  if (error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG)
    made.code = ErrorCode::invalid_input;
  return made;
}

// Of a run that is under way, and goes on in its own directory.
Error write_error(const std::string& what, int error) {
  Error made = system_error(what, error);
  if (error == ENOSPC || error == EDQUOT) made.message += "; free some space there";
  if (error == EFBIG) made.message += "; raise the limit on the size of files (ulimit -f)";
  if (error == EROFS) made.message += "; make it writable (mount -o remount,rw)";
  if (error == EACCES || error == EPERM) made.message += "; resume it as the user who made it";
  return made;
}

Result<void> refuse_unless_empty(const std::string& dir) {
  std::error_code ec;
  std::filesystem::directory_iterator entries(dir, ec);
  if (ec) return file_error("list " + dir, ec.value());
  if (entries == std::filesystem::directory_iterator()) return {};
  const std::string first = entries->path().filename().string();
  const bool is_run = std::filesystem::exists(dir + "/" + kTrialLogName, ec);
  return make_error(ErrorCode::invalid_input, "{}{}another directory with --out", dir,
                    is_run ? " holds a run already; go on with it by --resume, or choose "
                           : " is not empty (it holds \"" + first + "\"); choose ");
}

// Every directory that is made must be on the disk before something in it counts as durable, and
// belongs to the user who called sudo. Each is opened in the one above it, never by its whole path:
// that user may put a link in its place.
Result<void> make_directory(const std::string& dir) {
  std::error_code ec;
  sys::Fd at(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const auto& part : std::filesystem::absolute(dir, ec)) {
    if (part.empty() || part == "/") continue;
    const bool made = mkdirat(at.get(), part.c_str(), 0777) == 0;
    int error = made ? EEXIST : errno;
    sys::Fd next(openat(at.get(), part.c_str(),
                        O_DIRECTORY | O_CLOEXEC | (made ? O_RDONLY | O_NOFOLLOW : O_PATH)));
    if (!next) {
      if (error == EEXIST) error = errno;  // else it is not there
      return file_error("make directory " + dir, error);
    }
    if (made) {
      sys::give_to_caller(next.get());
      if (const sys::Fd above(openat(at.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); above)
        fsync(above.get());
    }
    at = std::move(next);
  }
  return {};
}

}  // namespace

Result<RunWriter> RunWriter::open(const std::string& dir, bool is_new) {
  const auto failed = is_new ? file_error : write_error;
  sys::Fd dir_fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir_fd) return failed("open directory " + dir, errno);
  RunWriter writer(dir, std::move(dir_fd));
  const std::string path = dir + "/" + kTrialLogName;
  // No link, and nothing that would block: root may write into a user's directory.
  const int extra = O_NOFOLLOW | O_NONBLOCK | (is_new ? O_CREAT | O_EXCL : 0);
  writer.log_ = sys::Fd(
      openat(writer.dir_fd_.get(), kTrialLogName, O_WRONLY | O_APPEND | O_CLOEXEC | extra, 0666));
  if (!writer.log_) return failed("open " + path, errno);
  if (is_new) sys::give_to_caller(writer.log_.get());
  if (flock(writer.log_.get(), LOCK_EX | LOCK_NB) != 0)
    return make_error(ErrorCode::refused,
                      path + " is being written by another pktbench; wait for it to end");
  if (is_new && fsync(writer.dir_fd_.get()) != 0) return file_error("sync " + dir, errno);
  return writer;
}

Result<RunWriter> RunWriter::create(const std::string& dir) {
  if (auto r = make_directory(dir); !r) return r.error();
  if (auto r = refuse_unless_empty(dir); !r) return r.error();
  return open(dir, true);
}

Result<RunWriter> RunWriter::resume(const std::string& dir) {
  // Looked at before it is opened for writing, and again when nobody else can write it.
  if (auto log = load_trials(dir); !log) return log.error();
  auto writer = open(dir, false);
  if (!writer) return writer;
  auto log = load_trials(dir);
  if (!log) return log.error();
  const std::string path = dir + "/" + kTrialLogName;
  if (!log->torn.empty() &&
      ftruncate(writer->log_.get(), static_cast<off_t>(log->intact_bytes)) != 0)
    return write_error("cut the torn line off " + path, errno);
  writer->log_bytes_ = log->intact_bytes;
  if (log->newline_due) {
    if (const int error = sys::write_all(writer->log_.get(), "\n"); error != 0)
      return write_error("end the last line of " + path, error);
    ++writer->log_bytes_;
  }
  if (fdatasync(writer->log_.get()) != 0) return write_error("sync " + path, errno);
  unlinkat(writer->dir_fd_.get(), kTempName, 0);
  writer->resumed_ = std::move(*log);
  return writer;
}

Result<void> RunWriter::on_trial(const CaseSpec& spec, const TrialRecord& trial) {
  const std::string line = trial_line(spec, trial);
  int error = sys::write_all(log_.get(), line);
  if (error == 0 && fdatasync(log_.get()) != 0) error = errno;
  if (error != 0) {
    // A line that is not durable must not be there half.
    if (ftruncate(log_.get(), static_cast<off_t>(log_bytes_)) == 0)
      fdatasync(log_.get());
    else
      log_.reset();  // and nothing may come after it
    return write_error("write " + dir_ + "/" + kTrialLogName, error);
  }
  log_bytes_ += line.size();
  return {};
}

Result<void> RunWriter::finish(const RunDocument& document) {
  const std::string text = dump_json(to_json(document), 2) + "\n";
  const int dir = dir_fd_.get();
  // A new one: what is there is a killed writer's, or was put there to be written through.
  unlinkat(dir, kTempName, 0);
  sys::Fd temp(openat(dir, kTempName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (temp) sys::give_to_caller(temp.get());
  int error = temp ? sys::write_all(temp.get(), text) : errno;
  if (error == 0 && fsync(temp.get()) != 0) error = errno;
  if (error == 0 && renameat(dir, kTempName, dir, kRunFileName) != 0) error = errno;
  if (error != 0) {
    if (temp) unlinkat(dir, kTempName, 0);
    return write_error("write " + dir_ + "/" + kRunFileName, error);
  }
  if (fsync(dir) != 0) return write_error("sync " + dir_, errno);
  return {};
}

}  // namespace pktbench
