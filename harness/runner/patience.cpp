#include "harness/runner/patience.hpp"

namespace pktbench {

namespace {

constexpr std::uint64_t kStepNs = 200'000'000;

std::string unrest_of(const std::vector<DisturbanceSource*>& sources,
                      const DisturbanceLimits& limits) {
  for (DisturbanceSource* source : sources)
    if (std::string why = source->unrest(limits); !why.empty()) return why;
  return {};
}

}  // namespace

void Patience::await(const std::vector<DisturbanceSource*>& sources,
                     const DisturbanceLimits& limits, Clock& clock, const StopFlag& stop,
                     const std::function<void(const std::string& why)>& waits) {
  const std::uint64_t began = clock.now_ns();
  for (bool told = false; !stop; told = true) {
    const std::string why = unrest_of(sources, limits);
    if (why.empty()) left_ = true;
    if (clock.now_ns() - began >= kLimitNs) left_ = why.empty();
    if (why.empty() || !left_) return;
    if (!told) waits(why);
    clock.sleep_ns(kStepNs, stop);
  }
}

}  // namespace pktbench
