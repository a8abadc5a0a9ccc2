#include "harness/sys/netlink.hpp"

#include <linux/genetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "harness/sys/ends.hpp"

namespace pktbench::sys {

namespace {

constexpr std::size_t kSize = 65536;

using OnMessage = std::function<void(const nlmsghdr*)>;

int deliver(const nlmsghdr* message, void* data) {
  const auto& on_message = *static_cast<const OnMessage*>(data);
  if (on_message) on_message(message);
  return MNL_CB_OK;
}

int collect(const nlattr* attribute, void* data) {
  (*static_cast<Attributes*>(data))[mnl_attr_get_type(attribute)] = attribute;
  return MNL_CB_OK;
}

NetlinkRequest generic_of(std::uint16_t family, std::uint8_t command) {
  NetlinkRequest request(family, 0, NETLINK_GENERIC);
  auto* header = request.extra<genlmsghdr>();
  header->cmd = command;
  header->version = 1;
  return request;
}

}  // namespace

Attributes attributes_of(const nlmsghdr* message, std::size_t extra_header) {
  Attributes found;
  mnl_attr_parse(message, static_cast<unsigned>(extra_header), collect, &found);
  return found;
}

Attributes attributes_in(const nlattr* nest) {
  Attributes found;
  mnl_attr_parse_nested(nest, collect, &found);
  return found;
}

std::vector<const nlattr*> list_in(const nlattr* nest) {
  std::vector<const nlattr*> found;
  const auto add = [](const nlattr* attribute, void* data) -> int {
    static_cast<std::vector<const nlattr*>*>(data)->push_back(attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse_nested(nest, add, &found);
  return found;
}

std::uint32_t u32_or(const Attributes& attributes, std::uint16_t type, std::uint32_t fallback) {
  const auto it = attributes.find(type);
  if (it == attributes.end()) return fallback;
  const auto length = mnl_attr_get_payload_len(it->second);
  if (length == 1) return mnl_attr_get_u8(it->second);
  return length < sizeof(std::uint32_t) ? fallback : mnl_attr_get_u32(it->second);
}

std::string text_in(const Attributes& attributes, std::uint16_t type) {
  const auto it = attributes.find(type);
  return it == attributes.end() ? std::string() : mnl_attr_get_str(it->second);
}

std::size_t copy_of(const Attributes& attributes, std::uint16_t type, void* to, std::size_t size) {
  const auto it = attributes.find(type);
  if (it == attributes.end()) return 0;
  const auto length = std::min<std::size_t>(size, mnl_attr_get_payload_len(it->second));
  std::memcpy(to, mnl_attr_get_payload(it->second), length);
  return length;
}

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags, int protocol)
    : protocol_(protocol), buffer_(kSize) {
  header_ = mnl_nlmsg_put_header(buffer_.data());
  header_->nlmsg_type = type;
  header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  // A dump ends by itself, with NLMSG_DONE.
  if ((flags & NLM_F_DUMP) != NLM_F_DUMP) header_->nlmsg_flags |= NLM_F_ACK;
  header_->nlmsg_seq = 1;
}

Result<void> NetlinkRequest::run(const std::string& what, const OnMessage& on_message) {
  std::unique_ptr<mnl_socket, Ends<mnl_socket_close>> socket(
      mnl_socket_open2(protocol_, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    return system_error("open a netlink socket", errno);
  if (mnl_socket_sendto(socket.get(), header_, header_->nlmsg_len) < 0)
    return system_error(what, errno);
  std::vector<char> answer(kSize);
  for (int more = MNL_CB_OK; more > MNL_CB_STOP;) {
    const ssize_t n = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
    if (n < 0) return system_error(what, errno);
    more = mnl_cb_run(answer.data(), static_cast<std::size_t>(n), 1,
                      mnl_socket_get_portid(socket.get()), deliver,
                      const_cast<void*>(static_cast<const void*>(&on_message)));
    if (more < 0) return system_error(what, errno);
  }
  return {};
}

Attributes attributes_of_generic(const nlmsghdr* message) {
  return attributes_of(message, sizeof(genlmsghdr));
}

Result<NetlinkRequest> generic_request(const std::string& family, std::uint8_t command) {
  NetlinkRequest lookup = generic_of(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
  mnl_attr_put_strz(lookup.header(), CTRL_ATTR_FAMILY_NAME, family.c_str());
  std::uint16_t id = 0;
  auto r = lookup.run("ask for genetlink family " + family, [&](const nlmsghdr* message) {
    const Attributes found = attributes_of_generic(message);
    if (const auto it = found.find(CTRL_ATTR_FAMILY_ID); it != found.end())
      id = mnl_attr_get_u16(it->second);
  });
  if (!r && r.error().sys_errno == ENOENT)
    return make_error(ErrorCode::unsupported, "this kernel has no genetlink family " + family);
  if (!r) return r.error();
  return generic_of(id, command);
}

}  // namespace pktbench::sys
