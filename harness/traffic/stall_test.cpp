// A stall must show in the tail of the delays. A closed loop, which waits for what stalls before it
// takes the next stamp, has one bad sample of it and hides the rest.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <numeric>
#include <thread>

#include "bpf/stamp.h"
#include "harness/core/delays.hpp"
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
  std::unique_ptr<pb_delays> closed_loop = std::make_unique<pb_delays>();  // stamped when sent
};

// How many of them were as late as that, or later.
std::uint64_t as_late(const DelayCounts& counts, std::uint64_t ns) {
  return std::accumulate(counts.buckets.begin() + pb_histogram_index(ns), counts.buckets.end(),
                         std::uint64_t{0});
}

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
    pb_count_delay(received_.closed_loop.get(), sent_ns, now_ns);
    return 1;
  }
  std::uint64_t bytes_of(std::uint64_t frames) const override { return frames * tag_.size(); }
  void close() override {}

 private:
  Received& received_;
  std::uint64_t seq_ = 0;
  std::array<unsigned char, sizeof(pb_tag)> tag_{};
};

// What is asserted does not depend on the machine's speed: each frame that was due in the stall is
// late by what was left of it, at least.
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

  const DelayCounts delays = stamp_counts(*received.open_loop);
  ASSERT_EQ(as_late(delays, 0), kFrames);
  EXPECT_EQ(delays.early, 0u);
  // Of the 1,000 that were due meanwhile, 100 were in its first 5 ms: p99.9 and p99 of 10,000.
  EXPECT_GE(as_late(delays, 45'000'000), 100u);
  EXPECT_GE(as_late(delays, 20'000'000), 600u);
  EXPECT_GE(as_late(delays, 49'900'000), 1u);
  // What the generator was late by is told apart: all but the one that stalled waited for it there.
  const DelayCounts lateness = source.delays()->front();
  EXPECT_EQ(as_late(lateness, 0), kFrames);
  EXPECT_GE(as_late(lateness, 45'000'000), 99u);
  // A closed loop has the stall once, and every other frame as if it had not been.
  const DelayCounts closed = delay_counts(*received.closed_loop);
  RecordProperty("frames_45_ms_late_in_a_closed_loop",
                 static_cast<int>(as_late(closed, 45'000'000)));
}

}  // namespace
}  // namespace pktbench::traffic
