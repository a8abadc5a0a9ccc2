// Full, read-only and forbidden directories, in a mount namespace or with the user of one thread:
// nothing of the host is touched.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "harness/record/run_writer.hpp"
#include "harness/testing/sample_test_run.hpp"

namespace pktbench {
namespace {

namespace fs = std::filesystem;

class TroubledDirectory : public testing::Test {
 protected:
  TroubledDirectory() {
    std::string name = (fs::temp_directory_path() / "pktbench-XXXXXX").string();
    root_ = mkdtemp(name.data());
    dir_ = root_ + "/run";
  }
  ~TroubledDirectory() override { fs::remove_all(root_); }

  // Runs `body` on a thread of its own with a file system of 64 KiB at root_. Empty, or why not.
  std::string with_small_disk(const std::function<void()>& body) {
    std::string skipped;
    std::thread([&] {
      if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "none", MS_REC | MS_PRIVATE, nullptr) != 0 ||
          mount("none", root_.c_str(), "tmpfs", 0, "size=64k") != 0)
        skipped = std::string("needs a mount namespace: ") + std::strerror(errno);
      else
        body();
    }).join();
    return skipped;
  }

  static std::string read(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string root_;
  std::string dir_;
  CaseResult case_ = test::sample_case("xdp-native", {});
};

TEST_F(TroubledDirectory, AFullDiskIsAnErrorWithARemedyAndLosesNothing) {
  const std::string skipped = with_small_disk([this] {
    auto writer = RunWriter::create(dir_);
    ASSERT_TRUE(writer) << writer.error().message;
    RunDocument small = test::sample_run();
    small.cases.clear();
    ASSERT_TRUE(writer->finish(small));
    const std::string run = read(dir_ + "/run.json");

    Result<void> last;
    int written = 0;
    while (written < 1000 && (last = writer->on_trial(case_.spec, test::sample_trial(written))))
      ++written;
    ASSERT_FALSE(last);
    EXPECT_GT(written, 5);
    EXPECT_EQ(last.error().sys_errno, ENOSPC);
    EXPECT_EQ(last.error().message,
              "write " + dir_ + "/trials.jsonl: No space left on device; free some space there");
    const auto log = load_trials(dir_);
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ(log->trials.size(), static_cast<std::size_t>(written));
    EXPECT_EQ(log->torn, "");

    const auto finished = writer->finish(test::sample_run());
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().sys_errno, ENOSPC);
    EXPECT_EQ(read(dir_ + "/run.json"), run);
    EXPECT_FALSE(fs::exists(dir_ + "/.run.json.tmp"));
  });
  if (!skipped.empty()) GTEST_SKIP() << skipped;
}

TEST_F(TroubledDirectory, AReadOnlyDiskIsAnErrorWithARemedy) {
  const std::string skipped = with_small_disk([this] {
    {
      // Closed again: a file open for writing keeps the disk from being made read-only.
      auto writer = RunWriter::create(dir_);
      ASSERT_TRUE(writer) << writer.error().message;
      ASSERT_TRUE(writer->finish(test::sample_run()));
    }
    const std::string run = read(dir_ + "/run.json");
    ASSERT_EQ(mount("none", root_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k"), 0)
        << std::strerror(errno);
    const auto resumed = RunWriter::resume(dir_);
    ASSERT_FALSE(resumed);
    EXPECT_EQ(resumed.error().message,
              "open " + dir_ +
                  "/trials.jsonl: Read-only file system; make it writable (mount -o "
                  "remount,rw)");
    const auto created = RunWriter::create(root_ + "/other");
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().sys_errno, EROFS);
    EXPECT_EQ(read(dir_ + "/run.json"), run);
    ASSERT_EQ(mount("none", root_.c_str(), "tmpfs", MS_REMOUNT, "size=64k"), 0)
        << std::strerror(errno);
    EXPECT_TRUE(RunWriter::resume(dir_));
  });
  if (!skipped.empty()) GTEST_SKIP() << skipped;
}

TEST_F(TroubledDirectory, ADirectoryOfSomebodyElseIsAnErrorWithARemedy) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  fs::permissions(root_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec |
                             fs::perms::others_read);
  fs::create_directory(dir_);
  std::string made, below;
  std::thread([&] {
    // The system call itself changes this thread only.
    constexpr uid_t kNobody = 65534;
    if (syscall(SYS_setresuid, -1, kNobody, -1) != 0) return;
    const auto other = RunWriter::create(root_ + "/other");
    made = other ? "created" : other.error().message;
    const auto empty = RunWriter::create(dir_);
    below = empty ? "created" : empty.error().message;
  }).join();
  const std::string why = "Permission denied; choose a directory that you may write with --out";
  EXPECT_EQ(made, "make directory " + root_ + "/other: " + why);
  EXPECT_EQ(below, "open " + dir_ + "/trials.jsonl: " + why);
}

// As under sudo, with a umask that keeps everybody out.
class UnderSudo : public TroubledDirectory {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
    setenv("SUDO_UID", "12345", 1);
    setenv("SUDO_GID", "12345", 1);
    before_ = umask(077);
  }
  void TearDown() override {
    unsetenv("SUDO_UID");
    unsetenv("SUDO_GID");
    umask(before_);
  }
  uid_t owner(const std::string& name) const {
    struct stat st {};
    EXPECT_EQ(lstat((root_ + "/" + name).c_str(), &st), 0) << name;
    return st.st_uid;
  }

  mode_t before_ = 022;
};

TEST_F(UnderSudo, WhatARunMakesBelongsToTheUserWhoCalledIt) {
  fs::create_directory(root_ + "/there");
  auto writer = RunWriter::create(root_ + "/there/new/../new/run");
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE(writer->finish(test::sample_run()));
  for (const char* made :
       {"there/new", "there/new/run", "there/new/run/trials.jsonl", "there/new/run/run.json"})
    EXPECT_EQ(owner(made), 12345u) << made;
  EXPECT_EQ(owner("there"), 0u);
}

TEST_F(UnderSudo, WithoutACallerItStaysRoots) {
  unsetenv("SUDO_UID");
  auto writer = RunWriter::create(dir_);
  ASSERT_TRUE(writer);
  EXPECT_EQ(owner("run"), 0u);
  EXPECT_EQ(owner("run/trials.jsonl"), 0u);
}

TEST_F(UnderSudo, ALinkThatTheUserPutsThereLeadsNowhere) {
  const std::string roots = root_ + "/roots";
  std::ofstream(roots) << "roots";
  {
    auto writer = RunWriter::create(dir_);
    ASSERT_TRUE(writer);
    for (const char* name : {".run.json.tmp", "run.json"}) {
      fs::remove(dir_ + "/" + name);
      fs::create_symlink(roots, dir_ + "/" + name);
      ASSERT_TRUE(writer->finish(test::sample_run()));
      EXPECT_FALSE(fs::is_symlink(dir_ + "/run.json"));
    }
    fs::create_hard_link(roots, dir_ + "/.run.json.tmp");
    ASSERT_TRUE(writer->finish(test::sample_run()));
  }
  fs::rename(dir_ + "/trials.jsonl", root_ + "/moved");
  fs::create_symlink(root_ + "/moved", dir_ + "/trials.jsonl");
  EXPECT_FALSE(RunWriter::resume(dir_));
  EXPECT_EQ(read(roots), "roots");
  EXPECT_EQ(owner("roots"), 0u);
}

}  // namespace
}  // namespace pktbench
