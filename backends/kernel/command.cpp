#include "backends/kernel/command.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "harness/sys/child_process.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/own_path.hpp"

namespace pktbench::kernel {

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
  const sys::Fd out(memfd_create("stdout", MFD_CLOEXEC));
  const sys::Fd err(memfd_create("stderr", MFD_CLOEXEC));
  if (!out || !err) return system_error("make a file for the output of " + arguments[0], errno);

  const auto child = sys::start_child(
      {.arguments = arguments, .files = {{out.get(), STDOUT_FILENO}, {err.get(), STDERR_FILENO}}});
  if (!child) return child.error();
  const int status = sys::wait_for_child(*child);
  if (status < 0) return system_error("wait for " + arguments[0], errno);
  // Files rather than pipes: the child can never block on us.
  CommandOutput output{.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
  if (auto r = sys::read_all(out, "read the output of " + arguments[0]).into(output.out); !r)
    return r.error();
  if (auto r = sys::read_all(err, "read the output of " + arguments[0]).into(output.err); !r)
    return r.error();
  return output;
}

}  // namespace pktbench::kernel
