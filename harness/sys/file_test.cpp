#include "harness/sys/file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

namespace pktbench::sys {
namespace {

class FileTest : public ::testing::Test {
 protected:
  void put(const std::string& text) const { std::ofstream(path_) << text; }
  void TearDown() override { std::filesystem::remove(path_); }
  const std::string path_ =
      std::filesystem::temp_directory_path() / ("pktbench-file-" + std::to_string(getpid()));
};

TEST_F(FileTest, ANumberMayHaveAUnitAndNothingElse) {
  const std::pair<const char*, long> numbers[] = {{"12\n", 12}, {"-1", -1}, {"4 kB\n", 4}};
  for (const auto& [text, number] : numbers) {
    put(text);
    ASSERT_TRUE(read_number(path_)) << text;
    EXPECT_EQ(*read_number(path_), number);
  }
  for (const char* text : {"", "x", "12x", "99999999999999999999"}) {
    put(text);
    EXPECT_FALSE(read_number(path_)) << text;
  }
}

TEST_F(FileTest, ARowOfATableIsFoundByItsWholeKey) {
  put("MemTotalHuge: 1 kB\nMemTotal:   1000 kB\nprocs_running 2\nlots: many\n");
  EXPECT_EQ(*read_number(path_, "MemTotal"), 1000);
  EXPECT_EQ(*read_number(path_, "procs_running"), 2);
  EXPECT_FALSE(read_number(path_, "lots"));
  EXPECT_EQ(read_number(path_, "none").error().message, path_ + " has no \"none\"");
}

}  // namespace
}  // namespace pktbench::sys
