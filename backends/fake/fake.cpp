// Backend `fake`: receives from the simulated testbed's device, faithfully or with a fault that the
// accounting must catch.
#include <algorithm>
#include <utility>

#include "harness/core/registry.hpp"

namespace pktbench::backends {

namespace {

class Fake final : public Backend, public DelayRecorder {
 public:
  Result<EffectiveMode> start(const BackendConfig& config) override {
    if (!config.port.device)
      return make_error(ErrorCode::unsupported, "the fake backend needs the simulated testbed");
    if (option<bool>(config.options, "unsupported"))
      return make_error(ErrorCode::unsupported, "the scenario asked for an unsupported case");
    if (option<bool>(config.options, "fail"))
      return make_error(ErrorCode::failed, "the scenario asked for a failing case");
    device_ = config.port.device;
    lose_one_in_ = option<std::int64_t>(config.options, "lose_one_in");
    repeat_one_in_ = option<std::int64_t>(config.options, "repeat_one_in");
    slower_ = option<double>(config.options, "slower");
    unread_queues_ = option<std::int64_t>(config.options, "unread_queues");
    return EffectiveMode{"fake", "fake", {}};
  }
  Result<Counters> sample() override {
    Counters c = device_->received();
    const auto queues = static_cast<std::int64_t>(c.per_queue.size());
    for (std::int64_t q = std::max(queues - unread_queues_, std::int64_t{0}); q < queues; ++q)
      c.packets -= std::exchange(c.per_queue[static_cast<std::size_t>(q)], 0);
    const auto late = static_cast<std::uint64_t>(slower_ * static_cast<double>(c.packets));
    if (late) c.drops["fake_backlog"] = late;
    c.packets -= late;
    const std::uint64_t packets = c.packets;
    if (lose_one_in_) c.packets -= packets / static_cast<std::uint64_t>(lose_one_in_);
    if (repeat_one_in_) c.packets += packets / static_cast<std::uint64_t>(repeat_one_in_);
    return c;
  }
  Result<std::vector<DelayCounts>> delays() override { return std::vector{device_->delays()}; }
  void stop() noexcept override { device_.reset(); }

 private:
  std::shared_ptr<VirtualDevice> device_;
  std::int64_t lose_one_in_ = 0;
  std::int64_t repeat_one_in_ = 0;
  std::int64_t unread_queues_ = 0;
  double slower_ = 0;
};

}  // namespace

BackendType fake_backend() {
  return {.name = "fake",
          .summary = "receives from the simulated testbed, faithfully or with a fault",
          .workloads = {"drop"},
          .options = {number_option("lose_one_in", 0, 0, 1e12,
                                    "loses one frame in so many uncounted; 0: none"),
                      number_option("repeat_one_in", 0, 0, 1e12,
                                    "counts one frame in so many twice; 0: none"),
                      number_option("unread_queues", 0, 0, 1e12,
                                    "reads so many RX queues too few, the last ones"),
                      number_option("slower", 0.0, 0, 1,
                                    "share of the frames that it has no time for: dropped, and "
                                    "counted"),
                      flag_option("unsupported", false, "start() says unsupported"),
                      flag_option("fail", false, "start() fails")},
          .probe = [] { return std::string(); },
          .make = [] { return std::make_unique<Fake>(); },
          .media = {Medium::simulated},
          .stamps = true,
          .cannot_stamp = {{Stamp::kernel, "a simulated frame passes no kernel"},
                           {Stamp::hardware, "a simulated frame passes no port"}}};
}

}  // namespace pktbench::backends
