// What `nft -j list table` says about the rule of nft-drop.
#pragma once

#include <cstdint>
#include <string>

#include "harness/core/result.hpp"

namespace pktbench::kernel {

struct NftRule {
  std::string hook;    // "prerouting"
  int priority = 0;    // -300 is raw
  std::string device;  // of the match on the incoming interface
  unsigned port = 0;   // UDP destination port
  bool drops = false;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // from the IP header on
};

// The table's only chain and rule. Errors: `failed` where the text is no such listing.
Result<NftRule> parse_nft_rule(const std::string& json);

}  // namespace pktbench::kernel
