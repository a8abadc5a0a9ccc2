#include "backends/kernel/nft_rule.hpp"

#include <nlohmann/json.hpp>

namespace pktbench::kernel {

namespace {

using Json = nlohmann::json;

void read_expression(const Json& expression, NftRule& rule, bool& counted) {
  if (expression.contains("drop")) rule.drops = true;
  if (expression.contains("counter")) {
    expression.at("counter").at("packets").get_to(rule.packets);
    expression.at("counter").at("bytes").get_to(rule.bytes);
    counted = true;
  }
  if (!expression.contains("match")) return;
  const Json& match = expression.at("match");
  const Json& left = match.at("left");
  if (left.contains("meta") && left.at("meta").at("key") == "iif")
    match.at("right").get_to(rule.device);
  if (left.contains("payload") && left.at("payload").at("protocol") == "udp" &&
      left.at("payload").at("field") == "dport")
    match.at("right").get_to(rule.port);
}

}  // namespace

Result<NftRule> parse_nft_rule(const std::string& json) {
  NftRule rule;
  int chains = 0;
  int rules = 0;
  bool counted = false;
  try {
    const Json listing = Json::parse(json);
    for (const Json& item : listing.at("nftables")) {
      if (item.contains("chain")) {
        ++chains;
        item.at("chain").at("hook").get_to(rule.hook);
        item.at("chain").at("prio").get_to(rule.priority);
      }
      if (!item.contains("rule")) continue;
      ++rules;
      for (const Json& expression : item.at("rule").at("expr"))
        read_expression(expression, rule, counted);
    }
  } catch (const Json::exception& e) {
    return make_error(ErrorCode::failed, "nft's listing is not understood: {}", e.what());
  }
  if (chains != 1 || rules != 1 || !counted)
    return make_error(ErrorCode::failed, "nft lists {} chains and {} rules {} a counter", chains,
                      rules, counted ? "with" : "without");
  return rule;
}

}  // namespace pktbench::kernel
