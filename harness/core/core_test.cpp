#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "harness/core/bounds.hpp"
#include "harness/core/options.hpp"
#include "harness/core/result.hpp"
#include "harness/core/units.hpp"
#include "harness/core/version.hpp"

namespace pktbench {
namespace {

// RFC 2544 / RFC 5180 tables: frames per second at line rate.
TEST(Units, LineRateCountsFcsPreambleAndGap) {
  EXPECT_NEAR(line_rate_pps(1e9, 64), 1'488'095, 1);
  EXPECT_NEAR(line_rate_pps(2.5e9, 64), 3'720'238, 1);
  EXPECT_NEAR(line_rate_pps(10e9, 64), 14'880'952, 1);
  EXPECT_NEAR(line_rate_pps(10e9, 1518), 812'743, 1);
}

TEST(Units, A64ByteFrameIs60BytesInABuffer) { EXPECT_EQ(buffer_length(64), 60u); }

TEST(Bounds, NothingThatIsNotFiniteIsInside) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const Bounds& bounds : {Bounds{}, Bounds{0, 1}, Bounds{0, {}}, Bounds{{}, 1}}) {
    for (const double value : {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity})
      EXPECT_FALSE(inside(value, bounds));
    EXPECT_TRUE(inside(0, bounds));
    EXPECT_TRUE(inside(1, bounds));
  }
  EXPECT_FALSE(inside(-0.1, {0, 1}));
  EXPECT_FALSE(inside(1.1, {0, 1}));
}

TEST(ResultTest, HoldsEitherAValueOrAnError) {
  Result<std::string> good = std::string("x");
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "x");
  Result<std::string> bad = system_error("open /nowhere", ENOENT);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().sys_errno, ENOENT);
  EXPECT_EQ(bad.error().message, "open /nowhere: No such file or directory");
}

TEST(OptionsTest, AValueOutlivesThem) {
  const std::string name(100, 'x');
  const auto& value = option<std::string>(Options{{name, name}}, name);
  EXPECT_EQ(value, name);
}

TEST(Version, IsSet) {
  EXPECT_FALSE(build_info().version.empty());
  EXPECT_FALSE(build_info().bpf_clang.empty());
}

}  // namespace
}  // namespace pktbench
