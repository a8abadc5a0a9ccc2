// Files of a test in a directory of its own, which is gone afterwards.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace pktbench {

class ScratchFiles : public testing::Test {
 protected:
  ScratchFiles() {
    std::string name = (std::filesystem::temp_directory_path() / "pktbench-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) directory_ = name;
  }
  ~ScratchFiles() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  void SetUp() override { ASSERT_FALSE(directory_.empty()); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::string write(const std::string& text, const std::string& name = "test.json") const {
    // A new file each time: some file systems wait for the disk when one is overwritten.
    std::error_code ignored;
    std::filesystem::remove(path(name), ignored);
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::string directory_;
};

}  // namespace pktbench
