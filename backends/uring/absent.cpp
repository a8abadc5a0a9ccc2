// The build without liburing.
#include "backends/uring/uring_type.hpp"

namespace pktbench::backends {

namespace {

constexpr const char* kReason =
    "built without liburing (package liburing-dev, CMake option PKTBENCH_URING)";

class Absent final : public Backend {
 public:
  Result<EffectiveMode> start(const BackendConfig&) override {
    return make_error(ErrorCode::unsupported, kReason);
  }
  Result<Counters> sample() override { return make_error(ErrorCode::failed, "not started"); }
  void stop() noexcept override {}
};

}  // namespace

BackendType udp_uring_backend() {
  return uring_type([] { return kReason; }, [] { return std::make_unique<Absent>(); });
}

}  // namespace pktbench::backends
