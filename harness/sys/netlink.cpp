#include "harness/sys/netlink.hpp"

#include <cerrno>
#include <memory>

namespace pktbench::sys {

namespace {

constexpr std::size_t kSize = 65536;

struct CloseSocket {
  void operator()(mnl_socket* s) const { mnl_socket_close(s); }
};

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

std::uint32_t u32_or(const Attributes& attributes, std::uint16_t type, std::uint32_t fallback) {
  const auto it = attributes.find(type);
  if (it == attributes.end() || mnl_attr_get_payload_len(it->second) < sizeof(std::uint32_t))
    return fallback;
  return mnl_attr_get_u32(it->second);
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
  std::unique_ptr<mnl_socket, CloseSocket> socket(mnl_socket_open2(protocol_, SOCK_CLOEXEC));
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

}  // namespace pktbench::sys
