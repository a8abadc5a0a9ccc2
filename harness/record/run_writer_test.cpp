#include "harness/record/run_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/testing/sample_test_run.hpp"
#include "harness/text/section.hpp"

namespace pktbench {
namespace {

namespace fs = std::filesystem;
using test::sample_case;
using test::sample_trial;

class RunWriterTest : public testing::Test {
 protected:
  RunWriterTest() {
    std::string name = (fs::temp_directory_path() / "pktbench-XXXXXX").string();
    root_ = mkdtemp(name.data());
    dir_ = root_ + "/results/run";
  }
  ~RunWriterTest() override { fs::remove_all(root_); }

  std::string read(const std::string& name) const {
    std::ifstream file(dir_ + "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  void append(const std::string& text) const {
    std::ofstream(dir_ + "/" + kTrialLogName, std::ios::app) << text;
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  // Writes two trials and lets go of the directory.
  void write_two() {
    auto writer = RunWriter::create(dir_);
    ASSERT_TRUE(writer) << writer.error().message;
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(writer->on_trial(case_.spec, sample_trial(i)));
  }

  std::string root_;
  std::string dir_;
  CaseResult case_ = sample_case("xdp-native", {});
};

using Names = std::vector<std::string>;

TEST_F(RunWriterTest, ARunIsWrittenAndReadBack) {
  auto writer = RunWriter::create(dir_);
  ASSERT_TRUE(writer) << writer.error().message;
  RunDocument run = test::sample_run();
  for (const CaseResult& c : run.cases)
    for (const TrialRecord& t : c.trials) ASSERT_TRUE(writer->on_trial(c.spec, t));
  ASSERT_TRUE(writer->finish(run));

  EXPECT_EQ(files(), (Names{"run.json", "trials.jsonl"}));
  EXPECT_EQ(Json::parse(read("run.json")), to_json(run));
  const auto log = load_trials(dir_);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(log->torn, "");
  ASSERT_EQ(log->trials.size(), 11u);
  EXPECT_EQ(log->trials[0].case_id, "xdp-native/drop/64B/1q/1f");
  EXPECT_EQ(log->trials[0].mode.details.at("attached"), "driver");
  EXPECT_EQ(to_json(log->trials[6].trial), to_json(run.cases[1].trials[1]));
}

TEST_F(RunWriterTest, ATrialIsOneLineThatIsThereWhenTheCallReturns) {
  auto writer = RunWriter::create(dir_);
  ASSERT_TRUE(writer);
  EXPECT_EQ(read("trials.jsonl"), "");
  ASSERT_TRUE(writer->on_trial(case_.spec, sample_trial(0)));
  const std::string text = read("trials.jsonl");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const Json line = Json::parse(text);
  EXPECT_EQ(line["schema"], "pktbench-trial/1");
  EXPECT_EQ(line["case"], case_.spec.id);
  EXPECT_EQ(line["mode"]["effective"], "native");
  EXPECT_EQ(line["trial"], to_json(sample_trial(0)));
}

TEST_F(RunWriterTest, ADirectoryWithSomethingInItIsRefused) {
  fs::create_directories(dir_);
  std::ofstream(dir_ + "/notes.txt") << "x";
  const auto other = RunWriter::create(dir_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::invalid_input);
  EXPECT_EQ(other.error().message, dir_ +
                                       " is not empty (it holds \"notes.txt\"); choose another "
                                       "directory with --out");
  EXPECT_EQ(files(), Names{"notes.txt"});

  fs::remove(dir_ + "/notes.txt");
  write_two();
  const auto again = RunWriter::create(dir_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, dir_ +
                                       " holds a run already; go on with it by --resume, or "
                                       "choose another directory with --out");
}

TEST_F(RunWriterTest, AFileInPlaceOfTheDirectoryIsRefused) {
  std::ofstream(root_ + "/file") << "x";
  for (const char* name : {"/file", "/file/below"}) {
    const auto writer = RunWriter::create(root_ + name);
    ASSERT_FALSE(writer) << name;
    EXPECT_NE(writer.error().message.find("Not a directory"), std::string::npos)
        << writer.error().message;
  }
}

TEST_F(RunWriterTest, ASecondWriterIsRefused) {
  auto first = RunWriter::create(dir_);
  ASSERT_TRUE(first);
  const auto second = RunWriter::resume(dir_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::refused);
}

TEST_F(RunWriterTest, AWriterKilledInTheMiddleOfALineLosesOnlyThatLine) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto writer = RunWriter::create(dir_);
    if (!writer) _exit(1);
    for (int i = 0; i < 2; ++i)
      if (!writer->on_trial(case_.spec, sample_trial(i))) _exit(1);
    const std::string half = trial_line(case_.spec, sample_trial(2)).substr(0, 300);
    const int log = open((dir_ + "/trials.jsonl").c_str(), O_WRONLY | O_APPEND);
    if (write(log, half.data(), half.size()) != 300) _exit(1);
    std::ofstream(dir_ + "/.run.json.tmp") << "{";
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);

  const auto log = load_trials(dir_);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(log->trials.size(), 2u);
  EXPECT_EQ(log->torn, dir_ +
                           "/trials.jsonl, line 3: cut short after 300 bytes; the trial it was for "
                           "is made again");
  EXPECT_EQ(fs::file_size(dir_ + "/trials.jsonl"), log->intact_bytes + 300);  // only looked at

  {
    auto writer = RunWriter::resume(dir_);
    ASSERT_TRUE(writer) << writer.error().message;
    EXPECT_EQ(writer->resumed().trials.size(), 2u);
    EXPECT_NE(writer->resumed().torn, "");
    ASSERT_TRUE(writer->on_trial(case_.spec, sample_trial(2)));
  }
  const auto whole = load_trials(dir_);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->trials.size(), 3u);
  EXPECT_EQ(whole->torn, "");
  EXPECT_EQ(files(), Names{"trials.jsonl"});
}

TEST_F(RunWriterTest, AWholeLastLineWithoutItsNewlineIsKept) {
  write_two();
  fs::resize_file(dir_ + "/trials.jsonl", fs::file_size(dir_ + "/trials.jsonl") - 1);
  {
    auto writer = RunWriter::resume(dir_);
    ASSERT_TRUE(writer) << writer.error().message;
    EXPECT_EQ(writer->resumed().torn, "");
    ASSERT_TRUE(writer->on_trial(case_.spec, sample_trial(2)));
  }
  EXPECT_EQ(load_trials(dir_)->trials.size(), 3u);
}

TEST_F(RunWriterTest, AnyOtherLineThatIsNoTrialIsAnErrorWithItsNumber) {
  write_two();
  const std::string good = read("trials.jsonl");
  const std::string path = dir_ + "/trials.jsonl";
  const struct {
    std::string text, message;
  } kBad[] = {
      {"{\"schema\":\"pktb\n",
       ", line 3: line 1, column 16: not valid JSON: invalid string: missing closing quote; last "
       "read: '\"pktb'"},
      {"\n", ", line 3: line 1, column 1: not valid JSON"},
      {R"({"schema":"pktbench-trial/1","case":"a","trial":{"mpps":1e999}})"
       "\n",
       ", line 3: /trial/mpps: the number 1e999 is too large"},
      {"[]\n", ", line 3: its schema is not \"pktbench-trial/1\""},
      {"{}", ", line 3: its schema is not \"pktbench-trial/1\""},
      {"{\"schema\":\"pktbench-trial/1\"}\n", ", line 3: /case: is missing"},
      {"{\"schema\":\"pktbench-trial/1\",\"case\":\"a\"}\n", ", line 3: /mode: is missing"},
      {"{\"schema\":\"pktbench-trial/1\",\"case\":\"a\",\"mode\":{},\"trial\":{}}\n",
       ", line 3: /mode/requested: is missing"},
      {good.substr(0, good.find('\n') + 1),
       ", line 3: trial 0 of case \"" + case_.spec.id + "\" is there twice"},
  };
  for (const auto& bad : kBad) {
    std::ofstream(path) << good << bad.text;
    const auto log = load_trials(dir_);
    ASSERT_FALSE(log) << bad.text;
    EXPECT_EQ(log.error().code, ErrorCode::invalid_input);
    EXPECT_TRUE(log.error().message.starts_with(path + bad.message)) << log.error().message;
    EXPECT_FALSE(RunWriter::resume(dir_).ok());
    EXPECT_EQ(read("trials.jsonl"), good + bad.text) << "an error changes nothing";
  }
}

TEST_F(RunWriterTest, NothingToResumeIsTheUsersMistake) {
  fs::create_directories(dir_);
  for (const std::string& dir : {dir_, dir_ + "/absent"}) {
    const auto writer = RunWriter::resume(dir);
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(writer.error().message,
              dir +
                  "/trials.jsonl: no such file, so that there is nothing to "
                  "resume");
  }
}

TEST_F(RunWriterTest, FinishingAgainReplacesTheWhole) {
  auto writer = RunWriter::create(dir_);
  ASSERT_TRUE(writer);
  RunDocument run = test::sample_run();
  run.finished_at.clear();
  run.environment_after = nullptr;
  run.cases.clear();
  ASSERT_TRUE(writer->finish(run));
  EXPECT_EQ(Json::parse(read("run.json"))["run"]["finished_at"], nullptr);
  ASSERT_TRUE(writer->finish(test::sample_run()));
  EXPECT_NE(Json::parse(read("run.json"))["run"]["finished_at"], nullptr);
  EXPECT_EQ(files(), (Names{"run.json", "trials.jsonl"}));
}

// No file may grow past `bytes` while this lives: a disk that fills up, for a user without
// privilege.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST_F(RunWriterTest, AWriteThatFailsHalfWayLeavesTheFilesAsTheyWere) {
  auto writer = RunWriter::create(dir_);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->on_trial(case_.spec, sample_trial(0)));
  ASSERT_TRUE(writer->finish(test::sample_run()));
  const std::string log = read("trials.jsonl");
  const std::string run = read("run.json");
  {
    const FileSizeLimit limit(log.size() + 100);
    const auto trial = writer->on_trial(case_.spec, sample_trial(1));
    ASSERT_FALSE(trial);
    EXPECT_EQ(trial.error().sys_errno, EFBIG);
    EXPECT_EQ(trial.error().message, "write " + dir_ +
                                         "/trials.jsonl: File too large; raise the limit on the "
                                         "size of files (ulimit -f)");
    const auto finished = writer->finish(test::sample_run());
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().message.find("write " + dir_ + "/run.json: File too large"), 0u);
  }
  EXPECT_EQ(read("trials.jsonl"), log);
  EXPECT_EQ(read("run.json"), run);
  EXPECT_EQ(files(), (Names{"run.json", "trials.jsonl"}));

  ASSERT_TRUE(writer->on_trial(case_.spec, sample_trial(1)));
  EXPECT_EQ(load_trials(dir_)->trials.size(), 2u);
}

}  // namespace
}  // namespace pktbench
