#include "backends/socket/udp.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/socket/udp_backend.hpp"

namespace pktbench::backends {

namespace {

constexpr std::size_t kDatagramBytes = 2048;  // more than a 1518 B frame carries

// What the two system calls have in common.
class SystemCall {
 public:
  SystemCall(int socket, bool wait) : socket_(socket), flags_(wait ? 0 : MSG_DONTWAIT) {}
  std::map<std::string, std::string> details() const { return {}; }
  // Says ENOTCONN, and wakes the reader all the same.
  void wake() noexcept { shutdown(socket_, SHUT_RD); }
  int begin() { return 0; }
  void end() {}

 protected:
  // What next() returns where the call has failed.
  static int failure() { return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno; }

  int socket_;
  int flags_;
};

// One datagram per system call. The sender's address is not asked for.
class Recvfrom : public SystemCall {
 public:
  static Result<std::unique_ptr<Recvfrom>> open(int socket, const Options&, bool wait) {
    return std::make_unique<Recvfrom>(socket, wait);
  }
  using SystemCall::SystemCall;

  int next() {
    const ssize_t got = recvfrom(socket_, buffer_.data(), buffer_.size(), flags_, nullptr, nullptr);
    if (got < 0) return failure();
    length_ = static_cast<std::size_t>(got);
    return 1;
  }
  std::span<std::uint8_t> datagram(int) { return {buffer_.data(), length_}; }

 private:
  std::size_t length_ = 0;
  alignas(64) std::array<std::uint8_t, kDatagramBytes> buffer_{};
};

// What has come, up to a batch, in one system call; waits for the first datagram at most.
class Recvmmsg : public SystemCall {
 public:
  static Result<std::unique_ptr<Recvmmsg>> open(int socket, const Options& options, bool wait) {
    return std::make_unique<Recvmmsg>(socket, options, wait);
  }
  Recvmmsg(int socket, const Options& options, bool wait)
      : SystemCall(socket, wait),
        batch_(static_cast<std::size_t>(option<std::int64_t>(options, "batch"))),
        buffers_(batch_ * kDatagramBytes),
        parts_(batch_),
        messages_(batch_) {
    flags_ |= MSG_WAITFORONE;
    for (std::size_t i = 0; i < batch_; ++i) {
      parts_[i] = {&buffers_[i * kDatagramBytes], kDatagramBytes};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  int next() {
    const int got =
        recvmmsg(socket_, messages_.data(), static_cast<unsigned>(batch_), flags_, nullptr);
    return got < 0 ? failure() : got;
  }
  std::span<std::uint8_t> datagram(int i) {
    const auto at = static_cast<std::size_t>(i);
    return {&buffers_[at * kDatagramBytes], messages_[at].msg_len};
  }

 private:
  std::size_t batch_;
  std::vector<std::uint8_t> buffers_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
};

std::vector<std::string> workloads() {
  return {udp::kPayloadWorkloads.begin(), udp::kPayloadWorkloads.end()};
}

OptionSpec batch_option() {
  return {.name = "batch",
          .default_value = std::int64_t{64},
          .choices = {},
          .min = 1,
          .max = 1024,
          .help = "datagrams per system call at most"};
}

}  // namespace

BackendType udp_recvfrom_backend() {
  return {.name = "udp-recvfrom",
          .summary = "a UDP socket, one datagram per system call",
          .workloads = workloads(),
          .options = {udp::rcvbuf_option()},
          .probe = udp::probe_socket,
          .make = [] { return std::make_unique<udp::UdpBackend<Recvfrom>>("udp-recvfrom"); }};
}

BackendType udp_recvmmsg_backend() {
  return {.name = "udp-recvmmsg",
          .summary = "a UDP socket, a batch of datagrams per system call",
          .workloads = workloads(),
          .options = {batch_option(), udp::rcvbuf_option()},
          .probe = udp::probe_socket,
          .make = [] { return std::make_unique<udp::UdpBackend<Recvmmsg>>("udp-recvmmsg"); }};
}

}  // namespace pktbench::backends
