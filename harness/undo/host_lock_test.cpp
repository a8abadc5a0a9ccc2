#include "harness/undo/host_lock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

namespace pktbench::undo {
namespace {

class HostLockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() / ("pktbench-lock-" + std::to_string(getpid()));
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::string dir_;
};

TEST_F(HostLockTest, TheSecondIsRefusedAndToldWhoHoldsIt) {
  auto first = lock_host("scenario quickstart", dir_);
  ASSERT_TRUE(first);
  auto second = lock_host("restore", dir_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::refused);
  EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos);
  EXPECT_NE(second.error().message.find("scenario quickstart"), std::string::npos);
}

TEST_F(HostLockTest, IsFreeWhenItsHolderHasGone) {
  {
    auto first = lock_host("one", dir_);
    ASSERT_TRUE(first);
  }
  EXPECT_TRUE(lock_host("two", dir_));
}

TEST_F(HostLockTest, IsFreeWhenItsHolderWasKilled) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto lock = lock_host("child", dir_);
    _exit(lock ? 0 : 1);  // no destructor runs, as with SIGKILL
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(lock_host("after", dir_));
}

TEST_F(HostLockTest, ADirectoryThatOthersMayWriteIsRefused) {
  std::filesystem::create_directory(dir_);
  std::filesystem::permissions(dir_, std::filesystem::perms(0777));
  auto lock = lock_host("one", dir_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::refused);
}

}  // namespace
}  // namespace pktbench::undo
