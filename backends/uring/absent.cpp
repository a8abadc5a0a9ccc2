// The build without liburing.
#include "backends/uring/parts.hpp"

namespace pktbench::uring {

namespace {

constexpr const char* kReason =
    "built without liburing (package liburing-dev, CMake option PKTBENCH_URING)";

class Absent final : public Backend {
 public:
  Result<EffectiveMode> start(const BackendConfig&) override {
    return make_error(ErrorCode::unsupported, kReason);
  }
  Result<Counters> sample() override { return make_error(ErrorCode::failed, "not started"); }
  std::vector<pid_t> threads() const override { return {}; }
  void stop() noexcept override {}
};

}  // namespace

Unavailable probe() { return kReason; }

std::unique_ptr<Backend> make_backend() { return std::make_unique<Absent>(); }

}  // namespace pktbench::uring
