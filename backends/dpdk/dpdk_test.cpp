// What the dpdk backend says without privileges, without DPDK and without its helper.
#include <gtest/gtest.h>

#include "backends/backend_types.hpp"
#include "backends/dpdk/helper_process.hpp"

namespace pktbench::backends {
namespace {

BackendConfig config_of(const BackendType& type) {
  BackendConfig config;
  config.port.name = "lo";
  config.port.cpus = {0};
  config.workload = "drop";
  for (const OptionSpec& spec : type.options) config.options[spec.name] = spec.default_value;
  return config;
}

// This program is not beside the helper.
TEST(DpdkWithoutHelper, TheBackendIsListedWithTheReason) {
  const auto type = dpdk_backend();
  EXPECT_EQ(type.name, "dpdk");
  EXPECT_NE(type.probe(), "");
  const auto mode = type.make()->start(config_of(type));
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code, ErrorCode::unsupported);
  EXPECT_EQ(mode.error().message, type.probe());
}

TEST(DpdkWithoutHelper, AProgramThatIsNotTheHelperIsAnError) {
  dpdk::HelperProcess helper;
  dpdk::Ready ready;
  const auto started = helper.start("/bin/true", dpdk::Setup{}, {}, ready);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::failed);
  EXPECT_FALSE(helper.running());
  EXPECT_FALSE(helper.ask());
  helper.stop();
}

TEST(Dpdk, WhatCannotBeDoneIsRefusedBeforeAnythingIsStarted) {
  const auto type = dpdk_backend();
  const auto backend = type.make();
  auto config = config_of(type);
  config.options["driver"] = std::string("net_null");
  EXPECT_EQ(backend->start(config).error().code, ErrorCode::unsupported);
  config = config_of(type);
  config.workload = "pass";
  EXPECT_EQ(backend->start(config).error().code, ErrorCode::unsupported);
  config = config_of(type);
  config.options["driver"] = std::string("0000:03:00.0");
  const auto pci = backend->start(config);
  EXPECT_EQ(pci.error().code, ErrorCode::unsupported);
  EXPECT_NE(pci.error().message.find("port lo is not that device"), std::string::npos)
      << pci.error().message;
  config = config_of(type);
  config.options["descriptors"] = std::int64_t{1000};
  EXPECT_EQ(backend->start(config).error().code, ErrorCode::invalid_input);
  config = config_of(type);
  config.port.cpus.clear();
  EXPECT_EQ(backend->start(config).error().code, ErrorCode::invalid_input);
  config = config_of(type);
  config.port.queues = 17;
  EXPECT_EQ(backend->start(config).error().code, ErrorCode::unsupported);
  EXPECT_TRUE(backend->threads().empty());
  EXPECT_FALSE(backend->sample());
  backend->stop();
}

}  // namespace
}  // namespace pktbench::backends
