// A veth testbed of a test's own, as a run has it: claimed, brought up and taken down.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "harness/cli/host.hpp"
#include "harness/cli/registry.hpp"
#include "harness/method/session.hpp"
#include "harness/testing/need_root.hpp"
#include "harness/testing/test_veth.hpp"

namespace pktbench::cli {

class VethFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    NEED_ROOT();
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
    auto up = testbed_->up(options, {queues, queues});
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

  // A case of it, with every option at its default.
  CaseSpec spec(const std::string& generator_name) const {
    const GeneratorType& generator = *find_by_name(registry().generators, generator_name);
    CaseSpec made;
    made.id = "test";
    made.backend = type_->name;
    made.backend_options = testing::default_options(type_->options);
    made.workload = "drop";
    made.generator = generator.name;
    made.generator_options = testing::default_options(generator.options);
    return made;
  }

  const BackendType* type_ = nullptr;
};

// Of the instance of a test.
inline std::string backend_name(const ::testing::TestParamInfo<const char*>& instance) {
  std::string name = instance.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace pktbench::cli
