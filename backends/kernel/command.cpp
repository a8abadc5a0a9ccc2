#include "backends/kernel/command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "harness/sys/fd.hpp"
#include "harness/sys/own_path.hpp"
#include "harness/sys/plain_environment.hpp"

namespace pktbench::kernel {

namespace {

// Output goes to memory files rather than pipes: the child can never block on us.
std::string contents(int file) {
  std::string text;
  char buffer[4096];
  ssize_t n = 0;
  while ((n = pread(file, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0)
    text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

}  // namespace

Result<std::string> find_command(const std::string& name, const std::string& package) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path ? path : "") + ":/usr/sbin:/sbin:/usr/bin:/bin");
  std::string why;
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + name;
    if (!folder.starts_with('/') || access(file.c_str(), X_OK) != 0) continue;
    const auto own = sys::open_own(file);
    if (own) return file;
    if (why.empty()) why = name + " is not run: " + own.error().message;
  }
  if (why.empty()) why = "there is no " + name + " command (package " + package + ")";
  return make_error(ErrorCode::unsupported, std::move(why));
}

Result<CommandOutput> run_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> copy = arguments;
  std::vector<char*> argv;
  for (std::string& argument : copy) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const sys::Fd out(memfd_create("stdout", MFD_CLOEXEC));
  const sys::Fd err(memfd_create("stderr", MFD_CLOEXEC));
  if (!out || !err) return system_error("make a file for the output of " + arguments[0], errno);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.get(), STDERR_FILENO);
  sys::PlainEnvironment environment;
  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environment.get());
  posix_spawn_file_actions_destroy(&actions);
  if (error) return system_error("run " + arguments[0], error);
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return system_error("wait for " + arguments[0], errno);
  return CommandOutput{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                       contents(out.get()), contents(err.get())};
}

}  // namespace pktbench::kernel
