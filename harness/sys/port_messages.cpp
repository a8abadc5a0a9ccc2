#include "harness/sys/port_messages.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>
#include <span>

#include "harness/sys/netlink.hpp"
#include "harness/sys/rtnl_dump.hpp"

namespace pktbench::sys {

namespace {

using Bytes = std::vector<char>;

std::string to_hex(const void* data, std::size_t size) {
  const std::span bytes(static_cast<const unsigned char*>(data), size);
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

// Empty where it is no message.
Bytes from_hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoul(text.substr(i, 2), nullptr, 16)));
  nlmsghdr header{};
  if (bytes.size() < sizeof header) return {};
  std::memcpy(&header, bytes.data(), sizeof header);
  return header.nlmsg_len == bytes.size() ? bytes : Bytes();
}

std::size_t extra_size(std::uint16_t type) {
  return type == RTM_NEWADDR ? sizeof(ifaddrmsg) : sizeof(rtmsg);
}

bool is_the_kernels(const rtmsg& route) {
  return route.rtm_protocol == RTPROT_KERNEL || route.rtm_protocol == RTPROT_RA ||
         route.rtm_table == RT_TABLE_LOCAL || (route.rtm_flags & RTM_F_CLONED) != 0;
}

bool belongs(const nlmsghdr* message, unsigned ifindex) {
  if (message->nlmsg_type == RTM_NEWADDR)
    return static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message))->ifa_index == ifindex;
  if (message->nlmsg_type != RTM_NEWROUTE) return false;
  const auto* route = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  return !is_the_kernels(*route) &&
         u32_or(attributes_of(message, sizeof(rtmsg)), RTA_OIF, 0) == ifindex;
}

// The same for the same address or route, whatever its lifetime and the device's index.
std::string key_of(const nlmsghdr* message) {
  std::string key = fmt::to_string(message->nlmsg_type);
  const bool address = message->nlmsg_type == RTM_NEWADDR;
  if (address) {
    const auto* a = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
    key += fmt::format("/{}/{}/{}", a->ifa_family, a->ifa_prefixlen, a->ifa_scope);
  } else {
    auto route = *static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
    route.rtm_flags = 0;  // "link down" and the like
    key += to_hex(&route, sizeof route);
  }
  for (const auto& [type, attribute] : attributes_of(message, extra_size(message->nlmsg_type))) {
    const bool changes = address ? type == IFA_CACHEINFO || type == IFA_FLAGS
                                 : type == RTA_CACHEINFO || type == RTA_OIF;
    if (!changes)
      key +=
          fmt::format("/{}:{}", type,
                      to_hex(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute)));
  }
  return key;
}

std::string describe(const nlmsghdr* message) {
  const bool address = message->nlmsg_type == RTM_NEWADDR;
  // Of an address and a route alike the family comes first, and then the length of the prefix.
  const auto* header = static_cast<const unsigned char*>(mnl_nlmsg_get_payload(message));
  const Attributes found = attributes_of(message, extra_size(message->nlmsg_type));
  auto it = found.find(address ? static_cast<std::uint16_t>(IFA_LOCAL)
                               : static_cast<std::uint16_t>(RTA_DST));
  if (address && it == found.end()) it = found.find(IFA_ADDRESS);
  std::string text = "default";
  if (it != found.end())
    if (const auto ip = address_from(header[0], mnl_attr_get_payload(it->second)))
      text = fmt::format("{}/{}", to_text(*ip), header[1]);
  return (address ? "the address " : "the route to ") + text;
}

nlmsghdr* message_in(Bytes& bytes) { return reinterpret_cast<nlmsghdr*>(bytes.data()); }

std::set<std::string> keys_of(const std::vector<std::string>& messages) {
  std::set<std::string> keys;
  for (const std::string& text : messages)
    if (Bytes bytes = from_hex(text); !bytes.empty()) keys.insert(key_of(message_in(bytes)));
  return keys;
}

// Sends `message` as a request of its own, for the device's present index.
Result<void> send(nlmsghdr* message, std::uint16_t type, std::uint16_t flags, unsigned ifindex) {
  NetlinkRequest request(type, flags);
  const std::size_t size = message->nlmsg_len - MNL_NLMSG_HDRLEN;
  if (message->nlmsg_type == RTM_NEWADDR) {
    static_cast<ifaddrmsg*>(mnl_nlmsg_get_payload(message))->ifa_index = ifindex;
  } else {
    // Read-only flags are refused in a request.
    static_cast<rtmsg*>(mnl_nlmsg_get_payload(message))->rtm_flags &= RTNH_F_ONLINK;
    const Attributes found = attributes_of(message, sizeof(rtmsg));
    const auto oif = found.find(RTA_OIF);
    if (oif != found.end())
      std::memcpy(mnl_attr_get_payload(oif->second), &ifindex, sizeof ifindex);
  }
  std::memcpy(mnl_nlmsg_put_extra_header(request.header(), size), mnl_nlmsg_get_payload(message),
              size);
  return request.run(fmt::format("give {} back to network device {}", describe(message), ifindex));
}

}  // namespace

Result<std::vector<std::string>> port_messages(unsigned ifindex) {
  std::vector<std::string> messages;
  const std::string what = fmt::format("list what network device {} has", ifindex);
  const auto read = [&](const nlmsghdr* message, std::vector<std::string>& found) {
    if (belongs(message, ifindex)) found.push_back(to_hex(message, message->nlmsg_len));
  };
  for (const std::uint16_t type : {RTM_GETADDR, RTM_GETROUTE})
    for (const int family : {AF_INET, AF_INET6}) {
      const auto found = type == RTM_GETADDR
                             ? dump<std::string, ifaddrmsg>(what, type, family, read)
                             : dump<std::string, rtmsg>(what, type, family, read);
      if (found) messages.insert(messages.end(), found->begin(), found->end());
      // A kernel without IPv6 has none of it.
      if (!found && !(family == AF_INET6 && found.error().sys_errno == EOPNOTSUPP))
        return found.error();
    }
  return messages;
}

Result<void> replay_port_messages(unsigned ifindex, const std::vector<std::string>& messages) {
  auto now = port_messages(ifindex);
  if (!now) return now.error();
  const std::set<std::string> wanted = keys_of(messages), there = keys_of(*now);
  for (const std::string& text : *now) {
    Bytes bytes = from_hex(text);
    nlmsghdr* message = message_in(bytes);
    if (wanted.contains(key_of(message)) || message->nlmsg_type != RTM_NEWADDR ||
        static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message))->ifa_family != AF_INET)
      continue;
    auto removed = send(message, RTM_DELADDR, 0, ifindex);
    if (!removed && removed.error().sys_errno != EADDRNOTAVAIL) return removed;
  }
  for (const std::string& text : messages) {
    Bytes bytes = from_hex(text);
    if (bytes.empty()) return make_error(ErrorCode::failed, "a recorded address is no message");
    nlmsghdr* message = message_in(bytes);
    if (there.contains(key_of(message))) continue;
    auto given = send(message, message->nlmsg_type, NLM_F_CREATE | NLM_F_REPLACE, ifindex);
    if (!given && given.error().sys_errno != EEXIST) return given;
  }
  return {};
}

Result<std::vector<std::string>> missing_port_messages(unsigned ifindex,
                                                       const std::vector<std::string>& messages) {
  auto now = port_messages(ifindex);
  if (!now) return now.error();
  const std::set<std::string> there = keys_of(*now);
  std::vector<std::string> missing;
  for (const std::string& text : messages)
    if (Bytes bytes = from_hex(text); !bytes.empty() && !there.contains(key_of(message_in(bytes))))
      missing.push_back(describe(message_in(bytes)));
  return missing;
}

}  // namespace pktbench::sys
