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

std::string find_command(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path ? path : "") + ":/usr/sbin:/sbin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::string file = folder + "/" + name; !folder.empty() && access(file.c_str(), X_OK) == 0)
      return file;
  return "";
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
  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error) return system_error("run " + arguments[0], error);
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return system_error("wait for " + arguments[0], errno);
  return CommandOutput{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                       contents(out.get()), contents(err.get())};
}

}  // namespace pktbench::kernel
