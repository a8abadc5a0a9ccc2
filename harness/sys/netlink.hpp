// One netlink request and its answer (libmnl), in the calling thread's network namespace.
//
// Threads: a request opens its own socket; none is shared.
#pragma once

#include <libmnl/libmnl.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::sys {

using Attributes = std::map<std::uint16_t, const nlattr*>;

// The top-level attributes behind a message's extra header, or those nested in one attribute. Valid
// as long as the message is.
Attributes attributes_of(const nlmsghdr* message, std::size_t extra_header);
Attributes attributes_in(const nlattr* nest);
std::vector<const nlattr*> list_in(const nlattr* nest);  // of one type and another, in their order

// The attribute's value, of one byte or four, or `fallback` where it is absent or too short.
std::uint32_t u32_or(const Attributes& attributes, std::uint16_t type, std::uint32_t fallback);

// The attribute's text; empty where it is absent.
std::string text_in(const Attributes& attributes, std::uint16_t type);

// Copies the attribute's value, which is aligned to 4 bytes only, as far as `size` goes. Returns
// how much that is; 0 where it is absent.
std::size_t copy_of(const Attributes& attributes, std::uint16_t type, void* to, std::size_t size);

class NetlinkRequest {
 public:
  // `flags` beside NLM_F_REQUEST: NLM_F_DUMP asks for everything, NLM_F_CREATE makes.
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, int protocol = NETLINK_ROUTE);

  nlmsghdr* header() { return header_; }

  // Room for T behind what is there, zeroed; belongs to the request.
  template <class T>
  T* extra() {
    return static_cast<T*>(mnl_nlmsg_put_extra_header(header_, sizeof(T)));
  }

  // Sends and waits for the end of the answer; `on_message` sees each message of it. `what` is the
  // sentence of an error. Errors: the kernel's; sys_errno EINTR where what was dumped changed
  // meanwhile.
  Result<void> run(const std::string& what,
                   const std::function<void(const nlmsghdr*)>& on_message = nullptr);

 private:
  int protocol_;
  std::vector<char> buffer_;
  nlmsghdr* header_;
};

// What `read` makes of each message of a dump, which begins with a Header whose first byte is the
// family; asked again where a change under way has spoilt it. `fill` adds attributes.
template <class T, class Header, class Read>
Result<std::vector<T>> dump(
    const std::string& what, std::uint16_t type, int family, Read read,
    void (*fill)(nlmsghdr*) = [](nlmsghdr*) {}) {
  for (int attempt = 1;; ++attempt) {
    std::vector<T> found;
    NetlinkRequest request(type, NLM_F_DUMP);
    *reinterpret_cast<unsigned char*>(request.extra<Header>()) = static_cast<unsigned char>(family);
    fill(request.header());
    auto r = request.run(what, [&](const nlmsghdr* message) { read(message, found); });
    if (r) return found;
    if (r.error().sys_errno != EINTR || attempt == 10) return r.error();
  }
}

// A command of the genetlink family `family`; the answer's attributes are attributes_of_generic().
// Errors: `unsupported` where the kernel has no such family.
Result<NetlinkRequest> generic_request(const std::string& family, std::uint8_t command);
Attributes attributes_of_generic(const nlmsghdr* message);

}  // namespace pktbench::sys
