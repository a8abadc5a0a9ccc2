#include "backends/kernel/tc_filter.hpp"

#include <bpf/libbpf.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>

#include "harness/sys/bpf.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::kernel {

namespace {

constexpr std::uint32_t kFirst = 1;  // 0 would let the kernel choose

bpf_tc_hook hook_of(const Port& port, int where) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = static_cast<int>(port.ifindex);
  hook.attach_point = static_cast<bpf_tc_attach_point>(where);
  return hook;
}

int count_filter(const nlmsghdr* message, void* count) {
  if (message->nlmsg_type == RTM_NEWTFILTER) ++*static_cast<int*>(count);
  return MNL_CB_OK;
}

// Whether filters are left on the device's clsact qdisc; true where that cannot be found out.
bool has_filters(unsigned ifindex, std::uint32_t direction) {
  const std::unique_ptr<mnl_socket, int (*)(mnl_socket*)> socket(mnl_socket_open(NETLINK_ROUTE),
                                                                 mnl_socket_close);
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return true;
  std::array<char, 32768> buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETTFILTER;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  const auto sequence = static_cast<unsigned>(time(nullptr));
  request->nlmsg_seq = sequence;
  auto* filter = static_cast<tcmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(tcmsg)));
  filter->tcm_ifindex = static_cast<int>(ifindex);
  filter->tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction);
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) return true;
  int count = 0;
  for (int more = 1; more > 0;) {
    const ssize_t n = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (n < 0) return true;
    more = mnl_cb_run(buffer.data(), static_cast<std::size_t>(n), sequence,
                      mnl_socket_get_portid(socket.get()), count_filter, &count);
    if (more < 0) return true;
  }
  return count > 0;
}

}  // namespace

Result<void> TcFilter::attach(const Port& port, int program) {
  port_ = port;
  auto inside = sys::NetnsScope::enter(port.netns_path);
  if (!inside) return inside.error();
  sys::LibbpfLog log;
  bpf_tc_hook hook = hook_of(port, BPF_TC_INGRESS | BPF_TC_EGRESS);
  const int made = bpf_tc_hook_create(&hook);
  if (made != 0 && made != -EEXIST) {
    Error e = log.failure("make the clsact qdisc on " + port.name, -made);
    if (made == -EOPNOTSUPP || made == -ENOENT) e.code = ErrorCode::unsupported;
    return e;
  }
  made_qdisc_ = made == 0;
  hook = hook_of(port, BPF_TC_INGRESS);
  LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .priority = kFirst);
  if (const int error = bpf_tc_attach(&hook, &options); error) {
    Error e = log.failure("attach a tc filter to " + port.name, -error);
    if (made == -EEXIST && (error == -EEXIST || error == -EINVAL)) {
      e.code = ErrorCode::refused;
      e.message =
          port.name + " has a tc filter of somebody else's at priority 1; it is not replaced";
    }
    detach();
    return e;
  }
  handle_ = options.handle;
  priority_ = options.priority;
  return {};
}

Result<unsigned> TcFilter::program_id() const {
  auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return inside.error();
  sys::LibbpfLog log;
  const bpf_tc_hook hook = hook_of(port_, BPF_TC_INGRESS);
  LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle_, .priority = priority_);
  if (const int error = bpf_tc_query(&hook, &options); error)
    return log.failure("read back the tc filter of " + port_.name, -error);
  return options.prog_id;
}

void TcFilter::detach() noexcept {
  if (!handle_ && !made_qdisc_) return;
  // No namespace: the device went with it, and all that was on it.
  if (auto inside = sys::NetnsScope::enter(port_.netns_path)) {
    sys::LibbpfLog log;
    if (handle_) {
      const bpf_tc_hook hook = hook_of(port_, BPF_TC_INGRESS);
      LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle_, .priority = priority_);
      (void)bpf_tc_detach(&hook, &options);
    }
    if (made_qdisc_ && !has_filters(port_.ifindex, TC_H_MIN_INGRESS) &&
        !has_filters(port_.ifindex, TC_H_MIN_EGRESS)) {
      bpf_tc_hook hook = hook_of(port_, BPF_TC_INGRESS | BPF_TC_EGRESS);
      (void)bpf_tc_hook_destroy(&hook);
    }
  }
  handle_ = 0;
  made_qdisc_ = false;
}

}  // namespace pktbench::kernel
