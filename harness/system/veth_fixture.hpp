// A veth testbed of a test's own, as a run has it: claimed, brought up and taken down.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "harness/cli/host.hpp"
#include "harness/cli/registry.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/testing/test_veth.hpp"

namespace pktbench::cli {

class VethFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!sys::missing_capabilities().empty())
      GTEST_SKIP() << "needs " << sys::missing_capabilities().front();
    auto claimed = claim_host("test");
    ASSERT_TRUE(claimed) << claimed.error().message;
    lock_ = std::make_unique<undo::HostLock>(std::move(*claimed));
  }
  void TearDown() override {
    if (!testbed_) return;
    EXPECT_TRUE(testbed_->down());
  }

  void bring_up(const std::string& arrangement = "isolated", unsigned queues = 1) {
    const TestbedType& type = *find_by_name(registry().testbeds, "veth");
    Options options = testing::default_options(type.options);
    options["arrangement"] = arrangement;
    testbed_ = type.make();
    auto up = testbed_->up(options, queues);
    ASSERT_TRUE(up) << up.error().message;
  }

  std::unique_ptr<undo::HostLock> lock_;
  std::unique_ptr<Testbed> testbed_;
};

// The same for one backend, which is the test's parameter.
class VethBackendFixture : public VethFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    VethFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    type_ = find_by_name(registry().backends, GetParam());
    if (auto reason = type_->probe(); !reason.empty()) GTEST_SKIP() << reason;
  }

  const BackendType* type_ = nullptr;
};

}  // namespace pktbench::cli
