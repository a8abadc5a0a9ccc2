#include "harness/traffic/user_source.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>

#include "harness/sys/cpu.hpp"

namespace pktbench::traffic {
namespace {

// What a scripted sender saw. Writer: the sending thread; read when the source is at rest.
struct Script {
  std::vector<int> answers;           // to successive send() calls: a count or a negative errno
  int answer_after = 1 << 20;         // to those after that
  std::atomic<std::size_t> calls{0};  // read by the test at any time
  std::vector<std::uint64_t> seqs;
  std::uint64_t taken = 0;
  int open_errno = 0;
  int closed = 0;
};

class ScriptedSender final : public BatchSender {
 public:
  explicit ScriptedSender(Script& script) : script_(script) {}
  Result<void> open(const TrafficConfig&, unsigned) override {
    if (script_.open_errno != 0) return system_error("open", script_.open_errno);
    return {};
  }
  void prepare(std::uint64_t seq, unsigned, std::uint64_t) override { seq_ = seq; }
  std::uint64_t bytes_of(std::uint64_t frames) const override { return frames * 60; }
  int send(unsigned first, unsigned count) override {
    int taken = static_cast<int>(count);
    const std::size_t call = script_.calls++;
    taken = std::min(taken,
                     call < script_.answers.size() ? script_.answers[call] : script_.answer_after);
    if (taken > 0) {
      if (script_.seqs.size() < 1000) script_.seqs.push_back(seq_ + first);
      script_.taken += static_cast<std::uint64_t>(taken);
    }
    return taken;
  }
  void close() override { ++script_.closed; }

 private:
  Script& script_;
  std::uint64_t seq_ = 0;
};

TrafficConfig batch_config(std::int64_t batch) {
  TrafficConfig config;
  config.from.name = "nowhere";
  config.from.cpus = {sys::allowed_cpus().front()};
  config.options["batch"] = batch;
  return config;
}

void wait_calls(const Script& script, std::size_t calls) {
  for (int i = 0; i < 10'000 && script.calls < calls; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_GE(script.calls, calls);
}

void wait_finished(TrafficSource& source) {
  for (int i = 0; i < 10'000 && !source.finished(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(source.finished());
}

TEST(UserSource, SendsExactlyTheLimitEachTimeItIsOpened) {
  Script script;
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(64)));
  EXPECT_FALSE(source.finished());
  for (std::uint64_t total : {1000u, 1001u, 1065u}) {
    source.open(total - source.sample()->packets);
    wait_finished(source);
    ASSERT_TRUE(source.close());
    EXPECT_TRUE(source.finished());
    EXPECT_EQ(source.sample()->packets, total);
    EXPECT_EQ(source.sample()->bytes, total * 60);
    EXPECT_EQ(source.sample()->unsent, 0u);
    EXPECT_EQ(script.taken, total);
  }
}

TEST(UserSource, ARefusedFrameIsSentAgainAndCountedOnce) {
  Script script;
  script.answers = {10, -ENOBUFS, 3, -EINTR, -EAGAIN, 0, 51};
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(64)));
  source.open(128);
  wait_finished(source);
  ASSERT_TRUE(source.close());
  EXPECT_EQ(source.sample()->packets, 128u);
  EXPECT_EQ(script.taken, 128u);
  EXPECT_EQ(script.seqs, (std::vector<std::uint64_t>{0, 10, 13, 64}));
  // By the device and by the socket's buffer; a signal is no refusal.
  EXPECT_EQ(source.sample()->refused, 2u);
}

TEST(UserSource, AnotherErrnoEndsTheSourceAndCloseSaysWhich) {
  Script script;
  script.answers = {64, 7, -ENETDOWN};
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(64)));
  source.open();
  wait_calls(script, 3);
  EXPECT_FALSE(source.finished());
  const auto closed = source.close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().sys_errno, ENETDOWN);
  EXPECT_EQ(closed.error().message, "send on nowhere: Network is down");
  EXPECT_EQ(source.sample()->packets, 71u);
  source.open(5);  // stays dead
  EXPECT_FALSE(source.close());
  EXPECT_EQ(source.sample()->packets, 71u);
  ASSERT_TRUE(source.start(batch_config(64)));  // and lives again
  EXPECT_EQ(source.sample()->packets, 0u);
}

TEST(UserSource, CloseStopsAnEndlessRefusal) {
  Script script;
  script.answers = {5};
  script.answer_after = -ENOBUFS;
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(64)));
  source.open();
  wait_calls(script, 2);
  ASSERT_TRUE(source.close());
  EXPECT_EQ(source.sample()->packets, 5u);
}

TEST(UserSource, AtRestTheCountIsExactAndStays) {
  Script script;
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(64)));
  for (int i = 0; i < 20; ++i) {
    source.open();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_TRUE(source.close());
    const auto sent = source.sample()->packets;
    EXPECT_EQ(sent, script.taken);
    EXPECT_EQ(source.sample()->packets, sent);
    ASSERT_TRUE(source.close());  // again: nothing happens
  }
}

TEST(UserSource, WhatWasDueAndNotSentIsUnsent) {
  Script script;
  script.answer_after = -ENOBUFS;
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(64)));
  const auto before = sys::monotonic_ns();
  source.open(TrafficSource::kNoLimit, 100'000);
  wait_calls(script, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_TRUE(source.close());
  const auto elapsed_ns = static_cast<double>(sys::monotonic_ns() - before);
  EXPECT_EQ(source.sample()->packets, 0u);
  EXPECT_GE(source.sample()->unsent, 5000u);
  EXPECT_LE(static_cast<double>(source.sample()->unsent), elapsed_ns / 10'000 + 1);
}

TEST(UserSource, EachOpeningHasItsOwnRate) {
  Script script;
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(64)));
  std::uint64_t before = 0;
  for (const std::optional<double> rate :
       {std::optional(1000.0), std::optional<double>(), std::optional(5000.0)}) {
    const auto opened = sys::monotonic_ns();
    source.open(TrafficSource::kNoLimit, rate);
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    ASSERT_TRUE(source.close());
    const double seconds = static_cast<double>(sys::monotonic_ns() - opened) / 1e9;
    const auto sent = source.sample();
    const auto frames = static_cast<double>(sent->packets + sent->unsent - before);
    before = sent->packets + sent->unsent;
    if (rate)
      EXPECT_LE(frames, seconds * *rate + 1);
    else
      EXPECT_GT(frames, 1000.0);  // some 40 ms of memory traffic
  }
}

TEST(UserSource, UnsentNeverExceedsTheLimit) {
  Script script;
  script.answer_after = -EAGAIN;
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(64)));
  source.open(100, 1e6);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(source.close());
  EXPECT_LE(source.sample()->unsent, 100u);
}

TEST(UserSource, OpenAndCloseAtOnceComesToRest) {
  Script script;
  UserSource source(std::make_unique<ScriptedSender>(script));
  ASSERT_TRUE(source.start(batch_config(1)));
  for (int i = 0; i < 200; ++i) {
    source.open(TrafficSource::kNoLimit, 1000);
    ASSERT_TRUE(source.close());
  }
  EXPECT_EQ(source.sample()->packets, script.taken);
}

TEST(UserSource, StopIsIdempotentAndGivesTheSenderBack) {
  Script script;
  UserSource source(std::make_unique<ScriptedSender>(script));
  source.stop();
  ASSERT_TRUE(source.start(batch_config(64)));
  EXPECT_EQ(source.threads().size(), 1u);
  source.open();
  source.stop();  // while sending
  source.stop();
  EXPECT_EQ(script.closed, 1);
  EXPECT_TRUE(source.threads().empty());
  source.open();
  EXPECT_TRUE(source.close());
}

TEST(UserSource, StartReportsWhatTheSenderCouldNotDo) {
  Script script;
  script.open_errno = EPERM;
  UserSource source(std::make_unique<ScriptedSender>(script));
  const auto started = source.start(batch_config(64));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().sys_errno, EPERM);
  EXPECT_EQ(script.closed, 1);
  EXPECT_TRUE(source.threads().empty());

  auto config = batch_config(64);
  config.from.netns_path = "/run/netns/pktbench-does-not-exist";
  EXPECT_FALSE(source.start(config));
  config = batch_config(64);
  config.from.cpus.clear();
  EXPECT_EQ(source.start(config).error().code, ErrorCode::invalid_input);
}

}  // namespace
}  // namespace pktbench::traffic
