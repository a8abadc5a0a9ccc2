#include "backends/kernel/command.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace pktbench::kernel {
namespace {

namespace fs = std::filesystem;

class Command : public ::testing::Test {
 protected:
  Command() : path_(std::getenv("PATH")) {
    std::string name = (fs::temp_directory_path() / "pktbench-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    for (const char* command : {"true", "pktbench-none"}) {
      const fs::path file = folder_ / command;
      std::ofstream(file) << "#!/bin/sh\necho $LD_LIBRARY_PATH$PKTBENCH_X\n";
      chmod(file.c_str(), 0755);
    }
    setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
  }
  ~Command() override {
    setenv("PATH", path_.c_str(), 1);
    fs::remove_all(folder_);
  }

  std::string path_;
  fs::path folder_;
};

TEST_F(Command, IsTheFirstOnTheWay) {
  EXPECT_EQ(*find_command("true", "coreutils"), folder_ / "true");
}

TEST_F(Command, ThatOthersMayChangeIsPassedOver) {
  chmod(folder_.c_str(), 0777);
  const auto found = find_command("true", "coreutils");
  ASSERT_TRUE(found);
  EXPECT_NE(*found, folder_ / "true");
  const auto none = find_command("pktbench-none", "x");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::unsupported);
  EXPECT_EQ(none.error().message.find("pktbench-none is not run: " + folder_.string() +
                                      " can be written by others"),
            0u)
      << none.error().message;
}

TEST_F(Command, OfNoFolderOfPathIsNamedWithItsPackage) {
  const auto none = find_command("pktbench-nowhere", "nftables");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "there is no pktbench-nowhere command (package nftables)");
}

TEST_F(Command, GetsNothingOfTheCallersEnvironment) {
  setenv("PKTBENCH_X", "leaked", 1);
  const auto said = run_command({folder_ / "true"});
  unsetenv("PKTBENCH_X");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->out, "\n");
}

}  // namespace
}  // namespace pktbench::kernel
