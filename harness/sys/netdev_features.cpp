#include "harness/sys/netdev_features.hpp"

#include <linux/genetlink.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "harness/sys/netlink.hpp"

namespace pktbench::sys {

namespace {

// <linux/netdev.h> of Linux 6.3 and later; Debian 12's headers are older.
constexpr const char* kFamily = "netdev";
constexpr std::uint8_t kDevGet = 1;
constexpr std::uint16_t kIfindex = 1;
constexpr std::uint16_t kFeatures = 3;
constexpr std::uint64_t kBasic = 1, kRedirect = 2, kNdoXmit = 4, kZeroCopy = 8, kOffload = 16,
                        kRxSg = 32;

Result<std::uint16_t> family_id() {
  NetlinkRequest request(GENL_ID_CTRL, 0, NETLINK_GENERIC);
  auto* header = request.extra<genlmsghdr>();
  header->cmd = CTRL_CMD_GETFAMILY;
  header->version = 1;
  mnl_attr_put_strz(request.header(), CTRL_ATTR_FAMILY_NAME, kFamily);
  std::uint16_t id = 0;
  auto r = request.run("ask for genetlink family netdev", [&](const nlmsghdr* message) {
    const Attributes found = attributes_of(message, sizeof(genlmsghdr));
    if (const auto it = found.find(CTRL_ATTR_FAMILY_ID); it != found.end())
      id = mnl_attr_get_u16(it->second);
  });
  if (!r && r.error().sys_errno == ENOENT)
    return make_error(ErrorCode::unsupported,
                      "this kernel cannot be asked: it has no genetlink family netdev (Linux 6.3)");
  if (!r) return r.error();
  return id;
}

}  // namespace

Result<XdpFeatures> xdp_features(unsigned ifindex) {
  const auto family = family_id();
  if (!family) return family.error();
  NetlinkRequest request(*family, 0, NETLINK_GENERIC);
  auto* header = request.extra<genlmsghdr>();
  header->cmd = kDevGet;
  header->version = 1;
  mnl_attr_put_u32(request.header(), kIfindex, ifindex);
  std::optional<std::uint64_t> bits;
  auto r = request.run("ask for the XDP features of network device " + std::to_string(ifindex),
                       [&](const nlmsghdr* message) {
                         const Attributes found = attributes_of(message, sizeof(genlmsghdr));
                         const auto it = found.find(kFeatures);
                         if (it == found.end()) return;
                         std::uint64_t value = 0;  // copied: it is aligned to 4 bytes only
                         if (mnl_attr_get_payload_len(it->second) < sizeof value) return;
                         std::memcpy(&value, mnl_attr_get_payload(it->second), sizeof value);
                         bits = value;
                       });
  if (!r) return r.error();
  if (!bits)
    return make_error(ErrorCode::unsupported, "the kernel's answer has no XDP features in it");
  const auto has = [&](std::uint64_t bit) { return (*bits & bit) != 0; };
  return XdpFeatures{has(kBasic),    has(kRedirect), has(kNdoXmit),
                     has(kZeroCopy), has(kOffload),  has(kRxSg)};
}

}  // namespace pktbench::sys
