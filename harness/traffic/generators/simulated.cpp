// Generator `simulated`: offers frames to the simulated testbed's device at a given rate.
#include <algorithm>

#include "harness/core/registry.hpp"
#include "harness/traffic/frame_set.hpp"

namespace pktbench::traffic {

namespace {

class Simulated final : public TrafficSource, public DelayRecorder {
 public:
  Result<void> start(const TrafficConfig& config) override {
    if (!config.from.device)
      return make_error(ErrorCode::unsupported,
                        "the simulated generator needs the simulated testbed");
    device_ = config.from.device;
    if (auto r = FrameSet::build(config).into(set_); !r) return r;
    flows_ = config.traffic.flows;
    max_pps_ = option<double>(config.options, "max_pps");
    claimed_extra_ = option<std::int64_t>(config.options, "claim_extra");
    return {};
  }
  void open(std::uint64_t limit, std::optional<double> rate_pps) override {
    opened_ns_ = device_->now_ns();
    limit_ = limit;
    target_pps_ = rate_pps;
    open_ = true;
  }
  bool finished() override { return frames_since_open() >= limit_; }
  Result<void> close() override {
    if (!open_) return {};
    open_ = false;
    std::uint64_t over_ns = device_->now_ns() - opened_ns_;
    const std::uint64_t frames = frames_since_open();
    // A burst may be over before anybody looks.
    if (frames == limit_)
      over_ns = static_cast<std::uint64_t>(static_cast<double>(limit_) / pps() * 1e9);
    const std::uint64_t bytes = set_.bytes_of(frames_ + frames) - set_.bytes_of(frames_);
    frames_ += frames;
    sent_.packets += frames + static_cast<std::uint64_t>(claimed_extra_);
    sent_.bytes += bytes;
    if (target_pps_) {
      const std::uint64_t due = std::min(limit_, frames_at(*target_pps_, over_ns));
      if (due > frames) sent_.unsent += due - frames;
    }
    device_->deliver(frames, bytes, over_ns, flows_);
    return {};
  }
  Result<SentCounters> sample() override { return sent_; }
  // It is never late.
  Result<std::vector<DelayCounts>> delays() override {
    return std::vector{DelayCounts{.buckets = {sent_.packets}}};
  }
  std::vector<pid_t> threads() const override { return {}; }
  void stop() noexcept override {}

 private:
  static std::uint64_t frames_at(double pps, std::uint64_t ns) {
    return static_cast<std::uint64_t>(pps * static_cast<double>(ns) / 1e9);
  }
  double pps() const { return target_pps_ ? std::min(*target_pps_, max_pps_) : max_pps_; }
  std::uint64_t frames_since_open() const {
    return std::min(limit_, frames_at(pps(), device_->now_ns() - opened_ns_));
  }

  std::shared_ptr<VirtualDevice> device_;
  FrameSet set_;
  std::uint64_t frames_ = 0;  // since start()
  std::uint32_t flows_ = 1;
  double max_pps_ = 0;
  std::optional<double> target_pps_;
  std::int64_t claimed_extra_ = 0;
  std::uint64_t opened_ns_ = 0;
  std::uint64_t limit_ = 0;
  bool open_ = false;
  SentCounters sent_;
};

}  // namespace

GeneratorType simulated_generator() {
  return {
      .name = "simulated",
      .summary = "offers frames to the simulated testbed's device",
      .options = {number_option("max_pps", 10e6, 1, 1e12, "frames per second it can send"),
                  number_option("claim_extra", 0, 0, 1e12,
                                "a fault to be caught: frames claimed but not sent, per window")},
      .probe = [] { return std::string(); },
      .make = [] { return std::make_unique<Simulated>(); },
      .media = {Medium::simulated},
      .stamps = true};
}

}  // namespace pktbench::traffic
