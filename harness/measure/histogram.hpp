// A histogram of nanoseconds in HdrHistogram's layout (bpf/stamp.h): 1 ns to 10 s, three
// significant digits, and its encoded form (V2, compressed, base64), which every tool of
// HdrHistogram reads.
//
// Threads: a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::measure {

class Histogram {
 public:
  Histogram();
  // What others have counted, bucket by bucket. REQUIRES: no more buckets than bpf/stamp.h has.
  explicit Histogram(const std::vector<std::uint64_t>& buckets);

  // A value above 10 s is counted as 10 s. Costs about 2 ns.
  void record(std::uint64_t value_ns, std::uint64_t times = 1);
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  const std::vector<std::uint64_t>& buckets() const { return counts_; }
  // As HdrHistogram defines them: of a value's bucket the lowest value, of the largest the highest.
  // REQUIRES: count() > 0
  std::uint64_t min() const;
  std::uint64_t max() const;
  // The highest value of the bucket that `percent` (0 to 100) of the values lie in or below.
  // REQUIRES: count() > 0
  std::uint64_t at_percentile(double percent) const;

  std::string encoded() const;
  // Errors: invalid_input, of a text that is no such form, or of another layout.
  static Result<Histogram> decode(std::string_view base64);

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
};

}  // namespace pktbench::measure
