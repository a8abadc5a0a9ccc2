#include "backends/dpdk/helper_process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "harness/sys/child_process.hpp"
#include "harness/sys/installation.hpp"
#include "harness/sys/own_path.hpp"

namespace pktbench::dpdk {

namespace {

constexpr int kStartMs = 30'000;  // a link may need 18 s of it
constexpr int kAnswerMs = 10'000;
constexpr int kStopMs = 5'000;
constexpr const char* kHelper = "pktbench-dpdk";

// Readable or at its end; false after `timeout_ms`.
bool wait_readable(int fd, int timeout_ms) {
  pollfd p{fd, POLLIN, 0};
  int ready = 0;
  do ready = poll(&p, 1, timeout_ms);
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

Result<std::string> find_helper() {
  auto path = sys::find_helper(kHelper);
  if (!path) return path;
  if (auto own = sys::open_own(*path); !own)
    return make_error(ErrorCode::unsupported,
                      "the program pktbench-dpdk is not started: " + own.error().message);
  return path;
}

Result<void> HelperProcess::start(const std::string& path, const Setup& setup,
                                  const Inherited& files, Ready& ready) {
  stop();
  ready = {};
  auto heard = spawn(path, files);
  if (heard && send(control_.get(), &setup, sizeof setup, MSG_NOSIGNAL) !=
                   static_cast<ssize_t>(sizeof setup))
    heard = failure(ErrorCode::failed, std::string(kHelper) + " took no orders");
  if (heard) heard = receive(&ready, sizeof ready, kStartMs, "start");
  if (heard && ready.version != kVersion)
    heard = make_error(ErrorCode::failed, path + " is of another version of pktbench");
  else if (heard && !ready.ok)
    heard = failure(ready.unsupported ? ErrorCode::unsupported : ErrorCode::failed, ready.error);
  if (!heard) stop();
  return heard;
}

Result<void> HelperProcess::spawn(const std::string& path, const Inherited& files) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return system_error("make a socket pair for " + std::string(kHelper), errno);
  control_ = sys::Fd(ends[0]);
  const sys::Fd theirs(ends[1]);
  log_ = sys::Fd(memfd_create("pktbench-dpdk-log", MFD_CLOEXEC));
  if (!log_) return system_error("make a memfd for DPDK's messages", errno);
  // Everything is blocked until the helper ignores what the terminal sends to the whole group.
  sys::ChildProcess child{.arguments = {path},
                          .files = {{log_.get(), STDOUT_FILENO},
                                    {log_.get(), STDERR_FILENO},
                                    {theirs.get(), kControlFd}},
                          .no_other_files = true,
                          .blocked_signals = true};
  if (files.pump_or_wire >= 0) child.files.emplace_back(files.pump_or_wire, kPumpOrWireFd);
  if (files.stamps >= 0) child.files.emplace_back(files.stamps, kStampsFd);
  return sys::start_child(child).into(pid_);
}

Result<void> HelperProcess::receive(void* message, std::size_t size, int timeout_ms,
                                    const std::string& what) {
  if (!wait_readable(control_.get(), timeout_ms))
    return failure(ErrorCode::failed,
                   fmt::format("{} did not {} within {} s", kHelper, what, timeout_ms / 1000));
  const ssize_t got = recv(control_.get(), message, size, 0);
  if (got == static_cast<ssize_t>(size)) return {};
  if (got > 0)
    return failure(ErrorCode::failed,
                   std::string(kHelper) + " is of another version of pktbench: its answer has " +
                       std::to_string(got) + " bytes instead of " + std::to_string(size));
  return failure(ErrorCode::failed, std::string(kHelper) + " " + end() + "; asked to " + what);
}

// How it ended, when its side of the socket is shut.
std::string HelperProcess::end() {
  const sys::Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (!process || !wait_readable(process.get(), kStopMs)) return "answers no more";
  const int status = sys::wait_for_child(pid_);
  pid_ = 0;
  if (status > 0 && WIFSIGNALED(status))
    return std::string("was ended by signal ") + sigabbrev_np(WTERMSIG(status));
  return "ended by itself";
}

Result<Sample> HelperProcess::ask(const Request& request) {
  if (!running()) return make_error(ErrorCode::failed, "DPDK is not started");
  if (send(control_.get(), &request, sizeof request, MSG_NOSIGNAL) !=
      static_cast<ssize_t>(sizeof request))
    return failure(ErrorCode::failed, std::string(kHelper) + " " + end());
  Sample sample;
  if (auto r = receive(&sample, sizeof sample, kAnswerMs, "answer"); !r) {
    // A late answer would be taken for that to the next question.
    control_.reset();
    return r.error();
  }
  return sample;
}

void HelperProcess::stop() noexcept {
  if (pid_ > 0) {
    const Request request{.kind = Request::Kind::stop};
    (void)send(control_.get(), &request, sizeof request, MSG_NOSIGNAL);
    // Its pid is ours until it is waited for, so that both calls mean this process.
    const sys::Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    if (!process || !wait_readable(process.get(), kStopMs)) (void)kill(pid_, SIGKILL);
    (void)sys::wait_for_child(pid_);
    pid_ = 0;
  }
  control_.reset();
  log_.reset();
}

// With the end of what it printed, where the reason is.
Error HelperProcess::failure(ErrorCode code, const std::string& message) const {
  constexpr off_t kMost = 16 << 10;
  struct stat st {};
  if (!log_ || fstat(log_.get(), &st) != 0) return {code, message, 0, {}};
  const off_t length = std::min(st.st_size, kMost);
  std::string text(static_cast<std::size_t>(length), '\0');
  const ssize_t got = pread(log_.get(), text.data(), text.size(), st.st_size - length);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return {code, message, 0, text};
}

}  // namespace pktbench::dpdk
