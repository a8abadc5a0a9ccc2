#include "harness/cli/registry.hpp"

#include <gtest/gtest.h>

#include "harness/core/bounds.hpp"
#include "harness/runner/scenario_cases.hpp"

namespace pktbench::cli {
namespace {

void expect_bounds(const std::string& name, const std::vector<OptionSpec>& options) {
  for (const OptionSpec& option : options) {
    const auto* whole = std::get_if<std::int64_t>(&option.default_value);
    const auto* number = std::get_if<double>(&option.default_value);
    if (!whole && !number) continue;
    EXPECT_TRUE(option.min && option.max) << name << " " << option.name;
    EXPECT_TRUE(inside(whole ? static_cast<double>(*whole) : *number, {option.min, option.max}))
        << name << " " << option.name;
  }
}

TEST(Registry, EveryNumberOfAScenarioHasBounds) {
  for (const BackendType& type : registry().backends)
    expect_bounds(type.name, all_backend_options(type));
  for (const GeneratorType& type : registry().generators) expect_bounds(type.name, type.options);
  for (const TestbedType& type : registry().testbeds) expect_bounds(type.name, type.options);
}

}  // namespace
}  // namespace pktbench::cli
