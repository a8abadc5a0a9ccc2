#include "backends/kernel/nft_rule.hpp"

#include <gtest/gtest.h>

namespace pktbench::kernel {
namespace {

// As nft 1.0.6 prints it.
const std::string kListing =
    R"({"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}, )"
    R"({"table": {"family": "ip", "name": "pktbench_1", "handle": 1}}, )"
    R"({"chain": {"family": "ip", "table": "pktbench_1", "name": "drops", "handle": 1, "type": "filter", )"
    R"("hook": "prerouting", "prio": -300, "policy": "accept"}}, )"
    R"({"rule": {"family": "ip", "table": "pktbench_1", "chain": "drops", "handle": 2, "expr": [)"
    R"({"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "eth0"}}, )"
    R"({"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 9}}, )"
    R"({"counter": {"packets": 5000000000, "bytes": 230000000000}}, {"drop": null}]}}]})";

TEST(NftRule, IsReadFromNftsListing) {
  const auto rule = parse_nft_rule(kListing);
  ASSERT_TRUE(rule) << rule.error().message;
  EXPECT_EQ(rule->hook, "prerouting");
  EXPECT_EQ(rule->priority, -300);
  EXPECT_EQ(rule->device, "eth0");
  EXPECT_EQ(rule->port, 9u);
  EXPECT_TRUE(rule->drops);
  EXPECT_EQ(rule->packets, 5'000'000'000u);
  EXPECT_EQ(rule->bytes, 230'000'000'000u);
}

TEST(NftRule, WhatIsNoSuchListingIsAnError) {
  for (const char* text :
       {"", "{", "[]", R"({"nftables": []})", R"({"nftables": [{"chain": {}}]})"})
    EXPECT_FALSE(parse_nft_rule(text)) << text;
  std::string changed = kListing;
  changed.replace(changed.find("counter"), 7, "removed");
  EXPECT_FALSE(parse_nft_rule(changed));
  changed = kListing;
  changed.replace(changed.find("\"drop\": null"), 12, "\"accept\": null");
  EXPECT_FALSE(parse_nft_rule(changed)->drops);
}

}  // namespace
}  // namespace pktbench::kernel
