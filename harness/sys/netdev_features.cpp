#include "harness/sys/netdev_features.hpp"

#include <fmt/format.h>

#include <optional>

#include "harness/sys/netlink.hpp"

namespace pktbench::sys {

// <linux/netdev.h> of Linux 6.3 and later; Debian 12's headers are older.
constexpr std::uint8_t kDevGet = 1;
constexpr std::uint16_t kIfindex = 1;
constexpr std::uint16_t kFeatures = 3;
constexpr std::uint64_t kBasic = 1, kRedirect = 2, kNdoXmit = 4, kZeroCopy = 8, kOffload = 16;

Result<XdpFeatures> xdp_features(unsigned ifindex) {
  auto request = generic_request("netdev", kDevGet);
  if (!request && request.error().code == ErrorCode::unsupported)
    return make_error(ErrorCode::unsupported, request.error().message + " (Linux 6.3)");
  if (!request) return request.error();
  mnl_attr_put_u32(request->header(), kIfindex, ifindex);
  std::optional<std::uint64_t> bits;
  auto r = request->run(fmt::format("ask for the XDP features of network device {}", ifindex),
                        [&](const nlmsghdr* message) {
                          std::uint64_t value = 0;
                          if (copy_of(attributes_of_generic(message), kFeatures, &value,
                                      sizeof value) == sizeof value)
                            bits = value;
                        });
  if (!r) return r.error();
  if (!bits)
    return make_error(ErrorCode::unsupported, "the kernel's answer has no XDP features in it");
  const auto has = [&](std::uint64_t bit) { return (*bits & bit) != 0; };
  return XdpFeatures{has(kBasic), has(kRedirect), has(kNdoXmit), has(kZeroCopy), has(kOffload)};
}

}  // namespace pktbench::sys
