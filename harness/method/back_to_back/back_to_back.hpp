// The method `back-to-back` (RFC 9004): the longest burst, as fast as the line or the generator is,
// that a case takes without loss, and the buffer that it implies. A test is a round, on one open
// session; several of them show how far its result varies.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/core/field.hpp"
#include "harness/core/method.hpp"

namespace pktbench::method {

MethodType back_to_back_method();

// What the tests of a case come to, as RFC 9004 has it reported. Of regular and irregular ones:
// where one is irregular, all of these are lower bounds.
struct BurstSummary {
  std::uint64_t n = 0;
  bool regular = false;
  std::optional<double> mean, median, stdev, min, max;  // frames
  std::optional<double> burst_pps;                      // the rate in a burst
  std::optional<double> throughput_pps;                 // what is forwarded for good
  std::optional<double> implied_s;                      // mean / burst_pps
  std::optional<double> corrected_s;  // less what was forwarded while the burst came
};
BurstSummary summarize_bursts(const CaseResult& c);

// What is recorded of a test.
const Fields<BurstTest>& burst_fields();

}  // namespace pktbench::method
