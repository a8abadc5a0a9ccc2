// A stall must show in the tail of the delays. A closed loop, which waits for what stalls before it
// takes the next stamp, has one bad sample of it and hides the rest.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <thread>

#include "bpf/stamp.h"
#include "harness/core/delays.hpp"
#include "harness/measure/histogram.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/traffic/user_source.hpp"

namespace pktbench::traffic {
namespace {

constexpr std::uint64_t kFrames = 10'000;
constexpr double kRate = 20'000;
constexpr std::uint64_t kStalled = 2'000;  // frame
constexpr auto kStall = std::chrono::milliseconds(50);

struct Received {
  std::unique_ptr<pb_stamps> open_loop = std::make_unique<pb_stamps>();
  measure::Histogram closed_loop;
};

// Its frames are received in send(), which stalls once.
class StallingSender final : public BatchSender {
 public:
  explicit StallingSender(Received& received) : received_(received) {}
  Result<void> open(const TrafficConfig&, unsigned batch) override {
    EXPECT_EQ(batch, 1u) << "stamped frames go one by one";
    return {};
  }
  void prepare(std::uint64_t seq, unsigned, std::uint64_t due_ns) override {
    seq_ = seq;
    pb_tag_stamp_due(tag_.data(), seq, due_ns);
  }
  int send(unsigned, unsigned) override {
    const std::uint64_t sent_ns = sys::monotonic_ns();
    if (seq_ == kStalled) std::this_thread::sleep_for(kStall);
    const std::uint64_t now_ns = sys::monotonic_ns();
    pb_count_stamp(received_.open_loop.get(), tag_.data(), now_ns);
    received_.closed_loop.record(now_ns - sent_ns);
    return 1;
  }
  void close() override {}

 private:
  Received& received_;
  std::uint64_t seq_ = 0;
  std::array<unsigned char, sizeof(pb_tag)> tag_{};
};

// What is asserted does not depend on the machine's speed: of 1,000 frames that were due in the
// stall, each is late by what was left of it, at least.
TEST(Stall, ShowsInThePercentilesOfAnOpenLoop) {
  Received received;
  UserSource source(std::make_unique<StallingSender>(received));
  TrafficConfig config;
  config.from.name = "nowhere";
  config.from.cpus = {sys::allowed_cpus().front()};
  config.options["batch"] = std::int64_t{64};
  config.stamped = true;
  ASSERT_TRUE(source.start(config));
  source.open(kFrames, kRate);
  for (int i = 0; i < 30'000 && !source.finished(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(source.finished());
  ASSERT_TRUE(source.close());

  const measure::Histogram delays(stamp_counts(*received.open_loop).buckets);
  ASSERT_EQ(delays.count(), kFrames);
  EXPECT_EQ(stamp_counts(*received.open_loop).early, 0u);
  // 10 of 10,000 frames are beyond p99.9, and more than 10 of them were due in its first 5 ms.
  EXPECT_GE(delays.at_percentile(99.9), 45'000'000u);
  EXPECT_GE(delays.at_percentile(95), 20'000'000u);
  EXPECT_GE(delays.max(), 50'000'000u);
  // What the generator was late by is told apart: it is late only behind the stall.
  const measure::Histogram lateness(source.delays()->front().buckets);
  EXPECT_EQ(lateness.count(), kFrames);
  EXPECT_GE(lateness.at_percentile(99.9), 45'000'000u);
  // A closed loop has the stall once.
  EXPECT_LE(received.closed_loop.at_percentile(99.9), delays.at_percentile(99.9));
  RecordProperty("closed_loop_p99_9_us",
                 std::to_string(received.closed_loop.at_percentile(99.9) / 1000));
  RecordProperty("open_loop_p99_9_us", std::to_string(delays.at_percentile(99.9) / 1000));
}

}  // namespace
}  // namespace pktbench::traffic
