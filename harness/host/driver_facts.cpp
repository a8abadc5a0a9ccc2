#include "harness/host/driver_facts.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pktbench {

namespace {

using Fact = std::pair<const char*, const char*>;

constexpr std::array<Fact, 15> kDriverFacts = {{
    {"ixgbe", "native XDP since Linux 4.12, zero-copy since 4.20"},
    {"i40e", "native XDP since Linux 4.13, zero-copy since 4.20"},
    {"ice", "native XDP and zero-copy since Linux 5.5"},
    {"mlx5_core", "native XDP since Linux 4.9, zero-copy since 5.3"},
    {"igb", "native XDP since Linux 5.10, zero-copy since 6.14"},
    {"igc", "native XDP since Linux 5.13, zero-copy since 5.14"},
    {"virtio_net", "native XDP since Linux 4.10, zero-copy since about 6.11"},
    {"veth", "native XDP since Linux 4.19, never zero-copy"},
    {"tun", "native XDP since Linux 4.14, never zero-copy"},
    {"r8169",
     "no native XDP, one queue, 256 descriptors: use sockets, xdp-generic, af_xdp with \"attach\": "
     "\"generic\", or dpdk with net_af_packet"},
    {"r8125", "no native XDP"},
    {"r8126", "no native XDP"},
    {"rtase", "no native XDP"},
    {"e1000", "no native XDP; DPDK has a PMD"},
    {"e1000e", "no native XDP; DPDK has a PMD"},
}};

constexpr const char* kSince2411 = "DPDK's net_r8169 has it since 24.11, as Debian 13 has";
constexpr const char* kSince2503 =
    "DPDK's net_r8169 has it since 25.03; Debian 13 has 24.11, a later one is to be built";
constexpr const char* kSince2507 =
    "DPDK's net_r8169 has it since 25.07, several queues since 25.11; Debian 13 has 24.11, a later "
    "one is to be built";

constexpr std::array<Fact, 7> kChips = {{
    {"10ec:8125", kSince2411},
    {"10ec:8162", kSince2411},
    {"10ec:8126", kSince2411},
    {"10ec:5000", kSince2411},
    {"10ec:8168", kSince2503},
    {"10ec:8127", kSince2507},
    {"10ec:0e10", kSince2507},
}};

std::string fact_of(const auto& facts, const std::string& of) {
  const auto found = std::ranges::find_if(facts, [&](const Fact& f) { return of == f.first; });
  return found == facts.end() ? "" : found->second;
}

}  // namespace

std::string driver_fact(const std::string& driver) { return fact_of(kDriverFacts, driver); }

std::string dpdk_release_with(const std::string& pci_id) { return fact_of(kChips, pci_id); }

}  // namespace pktbench
