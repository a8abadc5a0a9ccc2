#include <gtest/gtest.h>

#include "backends/backend_types.hpp"

namespace pktbench::backends {
namespace {

TEST(UdpUringNotBuilt, IsListedWithTheReason) {
  const BackendType type = udp_uring_backend();
  EXPECT_NE(type.probe().find("PKTBENCH_URING"), std::string::npos);
  const auto backend = type.make();
  const auto mode = backend->start({});
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
  EXPECT_EQ(mode.error().message, type.probe());
  EXPECT_FALSE(backend->sample());
  backend->stop();
}

}  // namespace
}  // namespace pktbench::backends
