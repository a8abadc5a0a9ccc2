#include "harness/sys/rss.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/ethtool.h>

#include <algorithm>
#include <boost/algorithm/hex.hpp>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/lexical_cast/try_lexical_convert.hpp>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/ethtool_call.hpp"

namespace pktbench::sys {

namespace {

constexpr std::pair<char, std::uint32_t> kFields[] = {
    {'m', RXH_L2DA},   {'v', RXH_VLAN},     {'t', RXH_L3_PROTO}, {'s', RXH_IP_SRC},
    {'d', RXH_IP_DST}, {'f', RXH_L4_B_0_1}, {'n', RXH_L4_B_2_3}};

ethtool_rxnfc udp_flow(int ip_version, std::uint32_t command) {
  ethtool_rxnfc flow{};
  flow.cmd = command;
  flow.flow_type = ip_version == 6 ? UDP_V6_FLOW : UDP_V4_FLOW;
  return flow;
}

// The kernel's struct with the table and the key behind it.
struct Rss {
  std::vector<std::uint32_t> table;
  std::vector<std::uint8_t> key;
};

std::vector<std::byte> rss_command(std::uint32_t command, const Rss& rss) {
  ethtool_rxfh head{};
  head.cmd = command;
  head.indir_size = static_cast<std::uint32_t>(rss.table.size());
  head.key_size = static_cast<std::uint32_t>(rss.key.size());
  std::vector<std::byte> buffer;
  const auto add = [&](std::span<const std::byte> bytes) {
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  };
  add(std::as_bytes(std::span(&head, 1)));
  add(std::as_bytes(std::span(rss.table)));
  add(std::as_bytes(std::span(rss.key)));
  return buffer;
}

Result<Rss> get_rss(const std::string& device) {
  const std::string what = "spread over RX queues";
  auto sizes = rss_command(ETHTOOL_GRSSH, {});
  if (auto r = ask_ioctl(device, sizes.data(), what); !r) return r.error();
  ethtool_rxfh head{};
  std::memcpy(&head, sizes.data(), sizeof head);
  Rss rss{std::vector<std::uint32_t>(head.indir_size), std::vector<std::uint8_t>(head.key_size)};
  auto answer = rss_command(ETHTOOL_GRSSH, rss);
  if (auto r = ask_ioctl(device, answer.data(), what); !r) return r.error();
  const std::span<const std::byte> behind = std::span(answer).subspan(sizeof head);
  const auto table = std::as_writable_bytes(std::span(rss.table));
  const auto key = std::as_writable_bytes(std::span(rss.key));
  std::ranges::copy(behind.first(table.size()), table.begin());
  std::ranges::copy(behind.last(key.size()), key.begin());
  return rss;
}

}  // namespace

Result<std::string> get_udp_hash(const std::string& device, int ip_version) {
  auto flow = udp_flow(ip_version, ETHTOOL_GRXFH);
  if (auto r = ask_ioctl(device, &flow, "hash fields"); !r) return r.error();
  std::string fields;
  for (const auto& [letter, bit] : kFields)
    if (flow.data & bit) fields += letter;
  return fields;
}

Result<void> set_udp_hash(const std::string& device, int ip_version, const std::string& fields) {
  auto flow = udp_flow(ip_version, ETHTOOL_SRXFH);
  std::size_t known = 0;
  for (const auto& [letter, bit] : kFields)
    if (fields.find(letter) != std::string::npos) {
      flow.data |= bit;
      ++known;
    }
  if (known != fields.size()) return no_such_value();
  return ethtool_ioctl(device, &flow, "set the hash fields");
}

Result<std::string> get_rss_table(const std::string& device) {
  const auto rss = get_rss(device);
  if (!rss) return rss.error();
  if (rss->table.empty())
    return make_error(ErrorCode::unsupported, device + " has no table of RX queues");
  return fmt::format("{}", fmt::join(rss->table, ","));
}

Result<void> set_rss_table(const std::string& device, const std::string& table) {
  std::vector<std::string> words;
  boost::split(words, table, boost::is_any_of(","));
  Rss rss;
  for (const std::string& word : words)
    if (!boost::conversion::try_lexical_convert(word, rss.table.emplace_back()))
      return no_such_value();
  auto order = rss_command(ETHTOOL_SRSSH, rss);
  return ethtool_ioctl(device, order.data(), "set the table of RX queues");
}

Result<std::string> get_rss_key(const std::string& device) {
  const auto rss = get_rss(device);
  if (!rss) return rss.error();
  if (rss->key.empty())
    return make_error(ErrorCode::unsupported, device + " has no key of the RX hash");
  return fmt::format("{:02x}", fmt::join(rss->key, ""));
}

Result<void> set_rss_key(const std::string& device, const std::string& key) {
  Rss rss;
  try {
    boost::algorithm::unhex(key, std::back_inserter(rss.key));
  } catch (const boost::algorithm::hex_decode_error&) {
    return no_such_value();
  }
  auto order = rss_command(ETHTOOL_SRSSH, rss);
  // No queue is named: the table stays.
  const std::uint32_t unchanged = ETH_RXFH_INDIR_NO_CHANGE;
  std::memcpy(order.data() + offsetof(ethtool_rxfh, indir_size), &unchanged, sizeof unchanged);
  return ethtool_ioctl(device, order.data(), "set the key of the RX hash");
}

}  // namespace pktbench::sys
