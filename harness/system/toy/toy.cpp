// Backend `toy`: what the least one is. It receives from the simulated testbed's device, but for
// every `skip`-th frame, which it drops by name.
#include "harness/core/registry.hpp"

namespace pktbench::backends {

BackendType toy_backend();

namespace {

class Toy final : public Backend {
 public:
  Result<EffectiveMode> start(const BackendConfig& config) override {
    device_ = config.port.device;
    skip_ = static_cast<std::uint64_t>(option<std::int64_t>(config.options, "skip"));
    return EffectiveMode{"toy", "toy", {}};
  }
  Result<Counters> sample() override {
    Counters counters = device_->received();
    counters.per_queue.clear();
    if (skip_) {
      counters.drops["toy_skipped"] = counters.packets / skip_;
      counters.packets -= counters.packets / skip_;
    }
    return counters;
  }
  std::vector<pid_t> threads() const override { return {}; }
  void stop() noexcept override { device_.reset(); }

 private:
  std::shared_ptr<VirtualDevice> device_;
  std::uint64_t skip_ = 0;
};

}  // namespace

BackendType toy_backend() {
  return {.name = "toy",
          .summary = "receives from the simulated testbed, for a test",
          .workloads = {"drop"},
          .options = {{.name = "skip",
                       .default_value = std::int64_t{0},
                       .choices = {},
                       .min = 0,
                       .max = 1000,
                       .help = "drops one frame in so many; 0: none"}},
          .probe = [] { return std::string(); },
          .make = [] { return std::make_unique<Toy>(); },
          .media = {Medium::simulated}};
}

}  // namespace pktbench::backends
