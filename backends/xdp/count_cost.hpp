// The programs of bpf/count_cost.bpf.c, each by itself, for micro-benchmarks and their test.
//
// Threads: count() from any number of them at once, each with what it returns to itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/result.hpp"

struct count_cost;  // the skeleton

namespace pktbench::backends {

// Where a frame's counter is.
struct CountPlace {
  std::string name;        // of the program, without "count_"
  bool by_source = false;  // a counter for each source, else one
  bool forgets = false;    // an LRU: which makes room by forgetting
};

// "draw" counts nothing: what the others do besides.
const std::vector<CountPlace>& count_places();

struct CountOptions {
  std::uint32_t sources = 1;  // that frames come from, drawn one by one
  std::uint32_t room = 1;     // of the table
};

struct CountSums {
  std::uint64_t counted = 0;
  std::uint64_t no_room = 0;
  std::uint64_t entries = 0;  // sources that have a counter above 0
};

class CountCost {
 public:
  // Errors: what the kernel refuses, with the verifier's words in `detail`.
  static Result<CountCost> load(const CountPlace& place, const CountOptions& options);

  // `frames`, a multiple of PB_FRAMES_PER_RUN, on the calling thread's CPU; the kernel's own time
  // of each, in ns, rounded down to kResolutionNs. Errors: failed.
  Result<double> count(std::uint32_t frames) const;
  static const double kResolutionNs;

  // Since load(), all CPUs together.
  Result<CountSums> sums() const;

 private:
  explicit CountCost(const CountPlace& place) : place_(place) {}

  CountPlace place_;
  std::shared_ptr<count_cost> skeleton_;
  int program_ = -1;  // the skeleton's, as is the next
  int table_ = -1;    // -1: a global variable, or none
};

}  // namespace pktbench::backends
