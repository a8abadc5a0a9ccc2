// Which burst a search for the longest one without loss tries next, and what it has found: by
// halving, on a logarithmic scale first, with loss verification (RFC 9004, 5.2).
//
// Threads: none. Pure: an answer depends on the rules and on the bursts, in any order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pktbench::method {

struct BurstRules {
  std::uint64_t longest = 0;  // frames; what is tried first
  double width = 0.01;        // between the two lengths in the end, relative to the longer one
  int verify = 1;             // how often a burst that lost frames is tried again
};

// A burst that was sent whole.
struct Burst {
  std::uint64_t frames = 0;
  std::uint64_t lost = 0;
};

inline constexpr char kLongestBurst[] = "the longest burst lost nothing";

struct BurstFinding {
  std::optional<std::uint64_t> longest;   // frames; lost none
  std::optional<std::uint64_t> shortest;  // frames; lost some
  std::string reason;                     // why it is irregular; empty: it is not
};

class BurstSearch {
 public:
  // REQUIRES: rules.longest is above 0.
  BurstSearch(const BurstRules& rules, const std::vector<Burst>& bursts);

  // Frames of the next burst; none: the search is over.
  std::optional<std::uint64_t> next() const;

  BurstFinding find() const;

 private:
  bool is_done() const;

  BurstRules rules_;
  std::optional<std::uint64_t> open_;   // a length that lost frames and is to be tried again
  std::optional<std::uint64_t> lower_;  // the longest that lost none, below all that did
  std::optional<std::uint64_t> upper_;  // the shortest that lost some each time
};

}  // namespace pktbench::method
