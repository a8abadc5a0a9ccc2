#include "harness/sys/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "harness/sys/fd.hpp"

namespace pktbench::sys {

namespace {

constexpr int kOutOfTheWay = 64;

// REQUIRES: the texts outlive the pointers.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::vector<std::string> plain_environment() {
  std::vector<std::string> variables = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
  for (const char* name : {"SUDO_UID", "SUDO_GID", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
  return variables;
}

std::vector<std::string> whole_environment() {
  std::vector<std::string> variables;
  for (char** v = environ; *v; ++v) variables.emplace_back(*v);
  return variables;
}

Result<pid_t> start_child(const ChildProcess& child) {
  std::vector<std::string> arguments = child.arguments;
  std::vector<std::string> environment = child.environment;
  std::vector<Fd> copies;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (!child.own_input)
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  int highest = STDERR_FILENO;
  int error = 0;
  for (const auto& [ours, its] : child.files) {
    // Else one of them could take the number of another before that is moved.
    copies.emplace_back(fcntl(ours, F_DUPFD_CLOEXEC, kOutOfTheWay));
    if (!copies.back() && error == 0) error = errno;
    posix_spawn_file_actions_adddup2(&actions, copies.back().get(), its);
    highest = std::max(highest, its);
  }
  if (child.no_other_files) posix_spawn_file_actions_addclosefrom_np(&actions, highest + 1);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigfillset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  if (!child.blocked_signals) {
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
  }
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           static_cast<short>(POSIX_SPAWN_SETSIGDEF |
                                              (child.blocked_signals ? POSIX_SPAWN_SETSIGMASK : 0) |
                                              (child.own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  pid_t pid = 0;
  if (error == 0)
    error = posix_spawn(&pid, arguments[0].c_str(), &actions, &attributes,
                        pointers_to(arguments).data(), pointers_to(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return system_error("start " + arguments[0], error);
  return pid;
}

int wait_for_child(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

}  // namespace pktbench::sys
