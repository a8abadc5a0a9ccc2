#include "harness/cli/program_runs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>

#include "harness/cli/output.hpp"
#include "harness/core/clock.hpp"
#include "harness/sys/child_process.hpp"
#include "harness/sys/fd.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench::cli {

namespace {

constexpr useconds_t kPoll_us = 20'000;

// Its status as waitpid() gives it. A signal that asks this process to stop is passed on.
int wait_for(pid_t child, const StopFlag& stop) {
  bool told = false;
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return -1;
    if (stop && !told) {
      kill(child, SIGINT);
      told = true;
    }
    usleep(kPoll_us);
  }
}

int status_of(int waited) { return WIFEXITED(waited) ? WEXITSTATUS(waited) : kInternal; }

void add_number(std::vector<std::string>& words, const char* option, const auto& value) {
  if (value) words.push_back(fmt::format("{}={}", option, *value));
}

void add_all(std::vector<std::string>& words, const char* option,
             const std::vector<std::string>& values) {
  for (const std::string& value : values) words.push_back(option + ("=" + value));
}

}  // namespace

int run_program(const GateArguments& arguments, const std::string& file, const std::string& dir,
                const std::vector<std::string>& cases, const StopFlag& stop) {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return report_error(system_error("read /proc/self/exe", failed.value()));
  sys::ChildProcess child;
  child.arguments = {program.string(), "run", file, "--out=" + dir};
  const ScenarioOverrides& overrides = arguments.overrides;
  add_all(child.arguments, "--set", overrides.set);
  add_all(child.arguments, "--backend", overrides.backends);
  add_all(child.arguments, "--case", cases.empty() ? overrides.cases : cases);
  add_number(child.arguments, "--trials", overrides.trials);
  add_number(child.arguments, "--duration", overrides.duration_s);
  add_number(child.arguments, "--restarts", overrides.restarts);
  add_all(child.arguments, "--allow", arguments.allowed_pci);
  add_all(child.arguments, "--i-know-this-is", arguments.i_know_this_is);
  child.environment = sys::whole_environment();
  const sys::Fd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!nowhere) return report_error(system_error("open /dev/null", errno));
  child.files = {{nowhere.get(), STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};
  const auto started = sys::start_child(child);
  if (!started) return report_error(started.error());
  return status_of(wait_for(*started, stop));
}

int run_command_line(const std::string& command, const StopFlag& stop) {
  sys::ChildProcess child;
  child.arguments = {"/bin/sh", "-c", command};
  child.environment = sys::whole_environment();
  child.files = {{STDERR_FILENO, STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};
  const auto started = sys::start_child(child);
  if (!started) return report_error(started.error());
  const int status = status_of(wait_for(*started, stop));
  if (stop) return kInterrupted;
  if (status == 0) return kDone;
  return report_error(make_error(ErrorCode::refused, "the command {} ended with status {}",
                                 in_quotes(command), status));
}

}  // namespace pktbench::cli
