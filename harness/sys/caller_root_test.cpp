// As a run under sudo, by the variables that sudo sets. Changes nothing outside its own directory.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "harness/sys/caller.hpp"

namespace pktbench::sys {
namespace {

namespace fs = std::filesystem;

class CallerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
    std::string name = (fs::temp_directory_path() / "pktbench-XXXXXX").string();
    root_ = mkdtemp(name.data());
    call("12345", "54321");
  }
  void TearDown() override {
    unsetenv("SUDO_UID");
    unsetenv("SUDO_GID");
    if (!root_.empty()) fs::remove_all(root_);
  }
  static void call(const char* uid, const char* gid) {
    setenv("SUDO_UID", uid, 1);
    setenv("SUDO_GID", gid, 1);
  }
  static uid_t owner(int fd) {
    struct stat st {};
    EXPECT_EQ(fstat(fd, &st), 0);
    return st.st_uid;
  }

  fs::path root_;
};

TEST_F(CallerTest, IsWhoSudoSaysAndNobodyWhereThatIsNoUser) {
  ASSERT_TRUE(sudo_caller());
  EXPECT_EQ(sudo_caller()->uid, 12345u);
  EXPECT_EQ(sudo_caller()->gid, 54321u);
  call("0", "0");
  EXPECT_FALSE(sudo_caller());
  for (const char* id : {"", "-1", "+5", "12a", "4294967295", "1 "}) {
    call(id, "5");
    EXPECT_FALSE(sudo_caller()) << id;
    call("5", id);
    EXPECT_FALSE(sudo_caller()) << id;
  }
  unsetenv("SUDO_UID");
  EXPECT_FALSE(sudo_caller());
}

TEST_F(CallerTest, GetsWhatWasMadeAndNothingElse) {
  Fd file(open((root_ / "file").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  give_to_caller(file.get());
  EXPECT_EQ(owner(file.get()), 12345u);

  fs::create_directory(root_ / "made");
  Fd made(open((root_ / "made").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  give_to_caller(made.get());
  EXPECT_EQ(owner(made.get()), 12345u);

  // What a user could have put in the place of a directory that was just made.
  fs::create_directories(root_ / "full/below");
  Fd full(open((root_ / "full").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  give_to_caller(full.get());
  EXPECT_EQ(owner(full.get()), 0u);

  ASSERT_EQ(chown((root_ / "made").c_str(), 777, 777), 0);
  give_to_caller(made.get());
  EXPECT_EQ(owner(made.get()), 777u);
}

}  // namespace
}  // namespace pktbench::sys
