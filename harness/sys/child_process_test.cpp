#include "harness/sys/child_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "harness/sys/fd.hpp"

namespace pktbench::sys {
namespace {

// What a shell prints that runs `script`, or the child's own program.
std::string printed(const std::string& script, ChildProcess child = {}) {
  const Fd out(memfd_create("out", MFD_CLOEXEC));
  if (child.arguments.empty()) child.arguments = {"/bin/sh", "-c", script};
  child.files.emplace_back(out.get(), STDOUT_FILENO);
  const auto pid = start_child(child);
  EXPECT_TRUE(pid) << pid.error().message;
  EXPECT_EQ(wait_for_child(*pid), 0);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(pread(out.get(), text.data(), text.size(), 0)));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

TEST(ChildProcess, HasAPlainEnvironmentAndNoInput) {
  setenv("LD_CHILD_PROCESS_TEST", "1", 1);
  EXPECT_EQ(printed("echo \"$LD_CHILD_PROCESS_TEST $PATH\"; cat"),
            " /usr/sbin:/usr/bin:/sbin:/bin");
  EXPECT_EQ(printed("echo $LD_CHILD_PROCESS_TEST", {.environment = whole_environment()}), "1");
  unsetenv("LD_CHILD_PROCESS_TEST");
}

TEST(ChildProcess, FilesMaySwapTheirNumbers) {
  const Fd one(memfd_create("one", 0));
  const Fd two(memfd_create("two", 0));
  const std::string both = "readlink /proc/$$/fd/" + std::to_string(one.get()) + " /proc/$$/fd/" +
                           std::to_string(two.get());
  EXPECT_EQ(printed(both, {.files = {{one.get(), two.get()}, {two.get(), one.get()}}}),
            "/memfd:two (deleted)\n/memfd:one (deleted)");
}

TEST(ChildProcess, OtherFilesAreShutWhereItIsToHaveNone) {
  const Fd one(memfd_create("one", 0));
  const Fd two(memfd_create("two", 0));
  const std::string list = "for f in 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$f; done; true";
  EXPECT_NE(printed(list).find("memfd:two"), std::string::npos);
  EXPECT_EQ(printed(list, {.files = {{one.get(), 3}}, .no_other_files = true}),
            "/memfd:one (deleted)");
}

// "blocked ignored" of the few that the test is about.
std::string signals_of(const ChildProcess& child) {
  std::istringstream lines(printed("", child));
  std::string key, blocked, ignored;
  lines >> key >> blocked >> key >> ignored;
  const auto bit = [](const std::string& mask, int signal) {
    return std::stoull(mask, nullptr, 16) >> (signal - 1) & 1 ? "1" : "0";
  };
  std::string text;
  for (const std::string& mask : {blocked, ignored})
    text += (text.empty() ? "" : " ") + std::string(bit(mask, SIGPIPE)) + bit(mask, SIGUSR1) +
            bit(mask, SIGTERM);
  return text;
}

TEST(ChildProcess, SignalsAreBlockedOrOurs) {
  const ChildProcess status{.arguments = {"/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}};
  ChildProcess blocked = status;
  blocked.blocked_signals = true;
  const auto pipe = signal(SIGPIPE, SIG_IGN);
  const auto user = signal(SIGUSR1, SIG_IGN);
  EXPECT_EQ(signals_of(status), "000 010");
  EXPECT_EQ(signals_of(blocked), "111 000");
  signal(SIGPIPE, pipe);
  signal(SIGUSR1, user);
}

TEST(ChildProcess, HasAGroupOfItsOwnWhereItIsTo) {
  const std::string group = "cut -d' ' -f5 /proc/$$/stat";
  EXPECT_EQ(printed(group), std::to_string(getpgrp()));
  EXPECT_EQ(printed("test $(" + group + ") = $$ && echo own", {.own_group = true}), "own");
}

TEST(ChildProcess, ThatCannotBeStartedIsAnError) {
  const auto none = start_child({.arguments = {"/no/such/program"}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().sys_errno, ENOENT);
  EXPECT_EQ(start_child({.arguments = {"/bin/true"}, .files = {{-1, 1}}}).error().sys_errno, EBADF);
  EXPECT_EQ(wait_for_child(getpid()), -1);
}

}  // namespace
}  // namespace pktbench::sys
