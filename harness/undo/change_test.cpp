// A change is in the journal before it is made, is read back, and leaves an undo only where there
// is something to undo.
#include "harness/undo/change.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

#include "harness/sys/file.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::undo {
namespace {

namespace fs = std::filesystem;

class ChangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = fs::temp_directory_path() / ("pktbench-change-" + std::to_string(getpid()));
    fs::create_directories(dir_);
    state_ = dir_ / "state";
    put("old");
    auto journal = Journal::create(state_);
    ASSERT_TRUE(journal);
    journal_.emplace(std::move(*journal));
  }
  void TearDown() override { fs::remove_all(dir_); }

  std::string file() const { return dir_ / "file"; }
  void put(const std::string& text) const { std::ofstream(file()) << text; }
  std::string get() const { return *sys::read_file(file()); }
  // What `pktbench restore` would find.
  std::string recorded() const {
    return *sys::read_file(fs::path(state_) / (std::to_string(getpid()) + ".journal"));
  }

  // The file, set in another way.
  Change set_by(std::function<Result<void>(const std::string&)> set) const {
    Change change = kernel_file(file());
    change.set = std::move(set);
    return change;
  }

  fs::path dir_;
  std::string state_;
  std::optional<Journal> journal_;
};

TEST_F(ChangeTest, IsReadBackAndUndone) {
  const auto done = apply(kernel_file(file()), "new", &*journal_);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->setting, file());
  EXPECT_EQ(done->wanted, "new");
  EXPECT_EQ(done->before, "old");
  EXPECT_EQ(done->after, "new");
  EXPECT_EQ(done->failed, "");
  EXPECT_EQ(get(), "new");
  ASSERT_TRUE(journal_->undo_all());
  EXPECT_EQ(get(), "old");
}

TEST_F(ChangeTest, IsInTheJournalBeforeItIsMade) {
  std::string then;
  const auto change = set_by([&](const std::string& value) {
    then = recorded();
    put(value);
    return Result<void>();
  });
  ASSERT_TRUE(apply(change, "new", &*journal_));
  EXPECT_EQ(then, R"({"kind":"write","target":")" + file() + R"(","value":"old"})");
}

TEST_F(ChangeTest, ToWhatIsSoAlreadyIsNotMade) {
  const auto never = set_by([](const std::string&) {
    ADD_FAILURE() << "was set";
    return Result<void>();
  });
  const auto done = apply(never, "old", &*journal_);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, "");
  EXPECT_EQ(journal_->size(), 0u);
}

TEST_F(ChangeTest, OfWhatCannotBeReadIsNotMade) {
  const auto done = apply(kernel_file(dir_ / "none"), "1", &*journal_);
  ASSERT_TRUE(done);
  EXPECT_NE(done->failed.find("none"), std::string::npos);
  EXPECT_EQ(journal_->size(), 0u);
  EXPECT_FALSE(require(kernel_file(dir_ / "none"), "1"));
}

TEST_F(ChangeTest, ThatDidNotComeAboutNeedsNoUndo) {
  const auto refused =
      set_by([](const std::string&) { return Result<void>(system_error("write", EINVAL)); });
  const auto done = apply(refused, "new", &*journal_);
  ASSERT_TRUE(done);
  EXPECT_NE(done->failed, "");
  EXPECT_EQ(done->after, "old");
  EXPECT_EQ(journal_->size(), 0u);
  EXPECT_EQ(recorded(), "");
}

TEST_F(ChangeTest, ToSomethingElseIsAFailureAndKeepsItsUndo) {
  const auto half = set_by([&](const std::string&) {
    put("half");
    return Result<void>();
  });
  const auto done = apply(half, "new", &*journal_);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, file() + " did not take new: it has half");
  ASSERT_TRUE(journal_->undo_all());
  EXPECT_EQ(get(), "old");
  EXPECT_EQ(require(half, "new", &*journal_).error().message, done->failed);
}

TEST_F(ChangeTest, ThatSomebodyElseMadeMeanwhileIsNotUndone) {
  const auto theirs = set_by([&](const std::string&) {
    put("theirs");
    return Result<void>(system_error("create", EEXIST));
  });
  const auto done = apply(theirs, "new", &*journal_);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->after, "theirs");
  EXPECT_EQ(journal_->size(), 0u);
}

TEST_F(ChangeTest, IsUndoneDownToAMark) {
  ASSERT_TRUE(apply(kernel_file(file()), "first", &*journal_));
  const auto mark = journal_->size();
  for (const char* value : {"second", "third"})
    ASSERT_TRUE(apply(kernel_file(file()), value, &*journal_));
  ASSERT_TRUE(journal_->undo_since(mark));
  EXPECT_EQ(get(), "first");
  EXPECT_EQ(journal_->size(), mark);
  ASSERT_TRUE(journal_->undo_all());
  EXPECT_EQ(get(), "old");
}

TEST_F(ChangeTest, OfEveryKindIsUndoneFromAJournalOfAnEarlierVersion) {
  std::ofstream(fs::path(state_) / "1.journal")
      << R"({"kind":"netns","target":"pktbench-no-such-namespace","value":""})"
      << "\n"
      << R"({"kind":"write","target":")" << file() << R"(","value":"older"})"
      << "\n"
      << R"({"kind":"device","target":"eth9","value":)"
      << R"("{\"ifindex\":9,\"netns\":1,\"setting\":\"mtu\",\"value\":\"1500\"}"})"
      << "\n"
      << R"({"kind":"port","target":"eth9","value":"{\"away\":\"\",\"driver\":\"\",\"flags\":1,)"
      << R"(\"ifindex\":9,\"messages\":[],\"name\":\"eth9\",\"netns\":1,\"override\":false,)"
      << R"(\"pci\":\"\",\"settings\":{\"mtu\":\"1500\"},\"sysctls\":{\"ipv4/forwarding\":\"0\"}}"})"
      << "\n";
  const auto report = restore_all(state_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->failed, std::vector<std::string>());
  EXPECT_EQ(report->undone.size(), 4u);
  EXPECT_EQ(get(), "older");
}

}  // namespace
}  // namespace pktbench::undo
