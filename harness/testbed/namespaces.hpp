// The two namespaces of a testbed, one for each end of the wire, and the addresses in them.
//
// Threads: one controlling thread.
#pragma once

#include <cstdint>
#include <string>

#include "harness/core/result.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::testbed {

constexpr std::uint32_t address(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24 | b << 16 | c << 8 | d;
}
// RFC 2544's own network for benchmarks.
inline constexpr std::uint32_t kGeneratorAddress = address(198, 18, 0, 1);
inline constexpr unsigned kGeneratorAddresses = 4;  // 65,536 flows, 16,384 ports each
inline constexpr std::uint32_t kDutAddress = address(198, 18, 1, 1);
inline constexpr unsigned kPrefixLength = 15;
// Of what is forwarded: a network behind the DUT (TEST-NET-1 of RFC 5737), where nobody is.
inline constexpr std::uint32_t kBehindDut = address(192, 0, 2, 1);
inline constexpr unsigned kBehindDutLength = 24;

struct TwoNamespaces {
  int number = 0;
  std::string generator;  // "/run/netns/pktbench<number>-gen"
  std::string dut;        // "/run/netns/pktbench<number>-dut"
};

// The first number that is free on this host. IPv6 and reverse-path filtering are off in both.
// Journalled before they are made; on error the journal undoes what there is of them with the rest.
Result<TwoNamespaces> make_two_namespaces(undo::Journal& journal);

}  // namespace pktbench::testbed
