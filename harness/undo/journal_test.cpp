#include "harness/undo/journal.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "harness/sys/file.hpp"

namespace pktbench::undo {
namespace {

namespace fs = std::filesystem;

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = fs::temp_directory_path() / ("pktbench-journal-" + std::to_string(getpid()));
    fs::create_directories(dir_);
    state_ = dir_ / "state";
    put("a", "old");
    put("b", "old");
  }
  void TearDown() override { fs::remove_all(dir_); }

  std::string file(const std::string& name) const { return dir_ / name; }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
  }
  std::string get(const std::string& name) const { return *sys::read_file(file(name)); }

  // What a killed process leaves: its journal, and no call of undo_all().
  void leave_journal(const std::vector<UndoEntry>& entries) const {
    auto journal = Journal::create(state_);
    ASSERT_TRUE(journal);
    for (const UndoEntry& entry : entries) ASSERT_TRUE(journal->record(entry));
  }

  fs::path dir_;
  std::string state_;
};

TEST_F(JournalTest, UndoesNewestFirstAndRemovesItself) {
  auto journal = Journal::create(state_);
  ASSERT_TRUE(journal);
  ASSERT_TRUE(journal->record({"write", file("a"), "first"}));
  ASSERT_TRUE(journal->record({"write", file("a"), "second"}));
  EXPECT_TRUE(has_journals(state_));
  ASSERT_TRUE(journal->undo_all());
  EXPECT_EQ(get("a"), "first");
  EXPECT_FALSE(has_journals(state_));
}

TEST_F(JournalTest, WhatIsRetractedIsNotUndone) {
  auto journal = Journal::create(state_);
  ASSERT_TRUE(journal);
  ASSERT_TRUE(journal->record({"write", file("a"), "before-a"}));
  ASSERT_TRUE(journal->record({"write", file("b"), "before-b"}));
  ASSERT_TRUE(journal->retract());
  // As a killed run would leave it.
  auto report = restore_all(state_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->undone.size(), 1u);
  EXPECT_EQ(get("a"), "before-a");
  EXPECT_EQ(get("b"), "old");
}

TEST_F(JournalTest, RestoreUndoesWhatAKilledRunLeft) {
  leave_journal({{"write", file("a"), "before-a"}, {"write", file("b"), "before-b"}});
  auto report = restore_all(state_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->undone.size(), 2u);
  EXPECT_TRUE(report->failed.empty());
  EXPECT_EQ(get("a"), "before-a");
  EXPECT_EQ(get("b"), "before-b");
  EXPECT_FALSE(has_journals(state_));
}

TEST_F(JournalTest, RestoringTwiceIsNoError) {
  leave_journal({{"write", file("a"), "before"}});
  ASSERT_TRUE(restore_all(state_));
  auto again = restore_all(state_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->undone.empty());
}

TEST_F(JournalTest, ATornLastLineWasNeverCarriedOut) {
  leave_journal({{"write", file("a"), "before"}});
  const fs::path path = *fs::directory_iterator(state_);
  std::ofstream(path, std::ios::app) << R"({"kind":"write","target":")" << file("b");
  auto report = restore_all(state_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->undone.size(), 1u);
  EXPECT_EQ(get("b"), "old");
}

TEST_F(JournalTest, WhatHasGoneNeedsNoUndo) {
  leave_journal({{"write", file("gone"), "before"}, {"netns", "pktbench-no-such-namespace", ""}});
  auto report = restore_all(state_);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->failed.empty());
  EXPECT_FALSE(has_journals(state_));
}

TEST_F(JournalTest, WhatCannotBeUndoneStaysRecordedAndTheRestIsUndone) {
  leave_journal({{"write", file("a"), "before"}, {"levitate", "moon", ""}});
  auto report = restore_all(state_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->failed.size(), 1u);
  EXPECT_EQ(get("a"), "before");
  EXPECT_TRUE(has_journals(state_));
}

TEST_F(JournalTest, KeepsTheVeryBytesOfAName) {
  const std::string name = file("n\xff\x1b\xc3");
  put("n\xff\x1b\xc3", "now");
  leave_journal({{"write", name, "before\xfe"}});
  auto report = restore_all(state_);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->failed.empty());
  EXPECT_EQ(get("n\xff\x1b\xc3"), "before\xfe");
}

TEST_F(JournalTest, IsForAllToReadWhateverTheUmask) {
  const mode_t before = umask(077);
  leave_journal({{"write", file("a"), "before-a"}});
  umask(before);
  EXPECT_EQ(fs::status(state_).permissions(), fs::perms(0755));
}

TEST_F(JournalTest, WhatOthersMayWriteIsNotUndone) {
  leave_journal({{"write", file("a"), "theirs"}});
  ASSERT_EQ(chmod(state_.c_str(), 0777), 0);
  const auto restored = restore_all(state_);
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, ErrorCode::refused);
  EXPECT_FALSE(Journal::create(state_));
  EXPECT_EQ(get("a"), "old");
}

}  // namespace
}  // namespace pktbench::undo
