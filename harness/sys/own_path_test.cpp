#include "harness/sys/own_path.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pktbench::sys {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kOther = 12345;

class OwnPath : public ::testing::Test {
 protected:
  OwnPath() {
    std::string name = (fs::temp_directory_path() / "pktbench-XXXXXX").string();
    root_ = mkdtemp(name.data());
    fs::create_directories(root_ / "a/b");
    std::ofstream(root_ / "a/b/file") << "x";
    for (const char* path : {"a", "a/b"}) chmod((root_ / path).c_str(), 0755);
    chmod((root_ / "a/b/file").c_str(), 0755);
    unsetenv("SUDO_UID");
    unsetenv("SUDO_GID");
  }
  ~OwnPath() override {
    unsetenv("SUDO_UID");
    unsetenv("SUDO_GID");
    fs::remove_all(root_);
  }

  std::string refusal(const std::string& path = "a/b/file") const {
    auto opened = open_own(root_ / path);
    if (opened) return "";
    EXPECT_EQ(opened.error().code, ErrorCode::refused);
    return opened.error().message;
  }
  void give(const std::string& path, uid_t to = kOther) const {
    ASSERT_EQ(lchown((root_ / path).c_str(), to, to), 0);
  }

  fs::path root_;
};

TEST_F(OwnPath, OwnFilesBelowAStickyDirectoryAreFine) {
  EXPECT_EQ(refusal(), "");
  chmod((root_ / "a").c_str(), 01777);
  EXPECT_EQ(refusal(), "");
}

TEST_F(OwnPath, WhatOthersMayWriteIsNamedWithTheRemedy) {
  for (const char* path : {"a", "a/b", "a/b/file"}) {
    chmod((root_ / path).c_str(), 0757);
    const std::string place = root_ / path;
    EXPECT_EQ(refusal(),
              place + " can be written by others; take that right away (chmod go-w " + place + ")");
    chmod((root_ / path).c_str(), 0755);
    EXPECT_EQ(refusal(), "");
  }
}

TEST_F(OwnPath, AStickyDirectoryIsNoPlaceToLoadAllFrom) {
  chmod((root_ / "a/b").c_str(), 01777);
  EXPECT_NE(refusal("a/b"), "");
}

TEST_F(OwnPath, AFileThatIsNotThereIsNoRefusal) {
  auto opened = open_own(root_ / "none");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::failed);
  EXPECT_EQ(opened.error().sys_errno, ENOENT);
}

class OwnPathOfOthers : public OwnPath {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to give files to another user";
  }
};

TEST_F(OwnPathOfOthers, WhatBelongsToSomebodyElseIsRefused) {
  for (const char* path : {"a", "a/b", "a/b/file"}) {
    give(path);
    EXPECT_NE(refusal().find((root_ / path).string() + " belongs to user 12345, who is neither"),
              std::string::npos)
        << refusal();
    give(path, 0);
  }
}

TEST_F(OwnPathOfOthers, TheUserWhoCalledSudoIsTrusted) {
  for (const char* path : {"a", "a/b", "a/b/file"}) give(path);
  setenv("SUDO_UID", "12345", 1);
  setenv("SUDO_GID", "12345", 1);
  EXPECT_EQ(refusal(), "");
  // Nobody calls this a user.
  for (const char* uid : {"", "-1", "12345x", " 12345", "4294967295", "99999999999"}) {
    setenv("SUDO_UID", uid, 1);
    EXPECT_NE(refusal(), "") << uid;
  }
}

TEST_F(OwnPathOfOthers, AGroupThatMayWriteIsOthers) {
  ASSERT_EQ(lchown((root_ / "a").c_str(), 0, kOther), 0);
  chmod((root_ / "a").c_str(), 0775);
  EXPECT_NE(refusal(), "");
}

TEST_F(OwnPathOfOthers, LinksAreFollowedAndLookedAtAsWell) {
  fs::create_directories(root_ / "theirs");
  fs::create_symlink("../a/b/file", root_ / "theirs/link");
  EXPECT_EQ(refusal("theirs/link"), "");
  give("theirs/link");
  EXPECT_NE(refusal("theirs/link"), "");
  give("theirs/link", 0);
  give("theirs");
  EXPECT_NE(refusal("theirs/link"), "");
  // A link of ours into what is theirs.
  fs::create_symlink(root_ / "theirs", root_ / "a/there");
  EXPECT_NE(refusal("a/there/link"), "");
  fs::create_symlink("loop", root_ / "a/loop");
  EXPECT_FALSE(open_own(root_ / "a/loop"));
}

}  // namespace
}  // namespace pktbench::sys
