#include "harness/sys/netns.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "harness/sys/file.hpp"

namespace pktbench::sys {

namespace {

// iproute2 keeps its directory a shared mount, so that names are seen in every mount namespace. A
// plain directory works too, but a later `ip netns add` would cover our names with its own mount.
Result<void> prepare_directory() {
  const auto failed = [](const char* what) {
    return system_error(fmt::format("{} {}", what, kNetnsDir), errno);
  };
  const bool made = mkdir(kNetnsDir, 0755) == 0;
  if (!made && errno != EEXIST) return failed("mkdir");
  // Whatever the umask: others name namespaces there too.
  if (made && chmod(kNetnsDir, 0755) != 0) return failed("set the mode of");
  if (mount("", kNetnsDir, "none", MS_SHARED | MS_REC, nullptr) == 0) return {};
  if (errno != EINVAL) return failed("mount --make-shared");
  if (mount(kNetnsDir, kNetnsDir, "none", MS_BIND | MS_REC, nullptr) != 0)
    return failed("mount --bind");
  if (mount("", kNetnsDir, "none", MS_SHARED | MS_REC, nullptr) != 0)
    return failed("mount --make-shared");
  return {};
}

}  // namespace

std::string netns_path(const std::string& name) { return std::string(kNetnsDir) + "/" + name; }

bool netns_exists(const std::string& name) {
  struct stat st {};
  return stat(netns_path(name).c_str(), &st) == 0;
}

std::uint64_t netns_number(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

std::optional<std::string> find_netns(std::uint64_t number) {
  namespace fs = std::filesystem;
  if (number == 0) return std::nullopt;
  const auto is = [&](const std::string& path) { return netns_number(path) == number; };
  if (netns_number() == number) return "";
  for (const fs::path& name : entries_of(kNetnsDir))
    if (is(name)) return name;
  for (const fs::path& process : processes())
    if (is(process / "ns/net")) return process / "ns/net";
  return std::nullopt;
}

Result<void> create_netns(const std::string& name) {
  if (auto r = prepare_directory(); !r) return r.error();
  const std::string path = netns_path(name);
  Fd file(open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  if (!file) return system_error("create namespace " + name, errno);
  file.reset();

  // A thread of its own enters the new namespace, so that the caller stays where it is.
  Result<void> result;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0)
      result = system_error("unshare a network namespace", errno);
    else if (mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0)
      result = system_error("bind namespace " + name, errno);
  }).join();
  if (!result) unlink(path.c_str());
  return result;
}

Result<void> delete_netns(const std::string& name) {
  const std::string path = netns_path(name);
  if (umount2(path.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
    return system_error("unmount namespace " + name, errno);
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    return system_error("remove namespace " + name, errno);
  return {};
}

Result<NetnsScope> NetnsScope::enter(const std::string& path) {
  if (path.empty()) return NetnsScope(Fd());
  Fd previous(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!previous) return system_error("open this thread's network namespace", errno);
  Fd target(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!target) return system_error("open namespace " + path, errno);
  if (setns(target.get(), CLONE_NEWNET) != 0) return system_error("enter namespace " + path, errno);
  return NetnsScope(std::move(previous));
}

NetnsScope::~NetnsScope() {
  if (!previous_) return;
  // Going on in the wrong namespace would change another device than the one meant.
  if (setns(previous_.get(), CLONE_NEWNET) != 0) {
    std::perror("pktbench: cannot return to the previous network namespace");
    std::abort();
  }
}

}  // namespace pktbench::sys
