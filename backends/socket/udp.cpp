// The backends `udp-recvfrom` and `udp-recvmmsg`: one UDP socket, read by one thread that is
// pinned to the port's first CPU, whatever the number of queues. It blocks, or, where the port has
// a pump, drives it whenever nothing has come.
//
// `reflect` sends each datagram to its sender again, from the port it came to: by one sendto()
// each, or by one sendmmsg() for what one recvmmsg() gave. It waits while the socket's buffer is
// full. Details: `reflected`, and of those `not_sent`, which the kernel refused. What the device
// drops it counts itself.
//
// Bytes are those of the frame without FCS: the datagram's payload and 42 bytes of headers, of IPv6
// 62. The
// shortest frame carries 18 bytes of payload, of which the tag takes 16.
#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/common/kernel_stamps.hpp"
#include "backends/common/send_batch.hpp"
#include "backends/socket/payload_workload.hpp"
#include "backends/socket/udp_backend.hpp"

namespace pktbench::backends {

namespace {

// What the two system calls have in common.
class SystemCall {
 public:
  static constexpr bool kGivesSender = true;
  static constexpr bool kGivesStamp = true;

  SystemCall(int socket, bool wait) : socket_(socket), flags_(wait ? 0 : MSG_DONTWAIT) {}
  Result<void> open() { return {}; }
  std::map<std::string, std::string> details() const { return {}; }
  // Says ENOTCONN, and wakes the reader all the same.
  void wake() noexcept { shutdown(socket_, SHUT_RD); }
  int begin(int) { return 0; }
  void end() {}

 protected:
  // What next() returns where the call has failed.
  static int failure() { return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno; }

  int socket_;
  int flags_;
};

// One datagram per system call, and one per system call back. The sender's address costs: it is
// asked for only where the workload wants it. The kernel's stamp comes by recvmsg() alone.
class Recvfrom : public SystemCall {
 public:
  Recvfrom(int socket, const Options&, udp::Use use)
      : SystemCall(socket, use.wait),
        name_(use.senders ? to_sockaddr(sender_) : nullptr),
        stamps_(use.stamps),
        buffer_(use.datagram_bytes),
        part_{buffer_.data(), buffer_.size()} {
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
    message_.msg_name = name_;
  }
  Recvfrom(const Recvfrom&) = delete;
  Recvfrom& operator=(const Recvfrom&) = delete;

  int next() {
    socklen_t name_bytes = sizeof sender_;
    if (stamps_) return next_with_stamp();
    const ssize_t got = recvfrom(socket_, buffer_.data(), buffer_.size(), flags_, name_,
                                 name_ == nullptr ? nullptr : &name_bytes);
    if (got < 0) return failure();
    length_ = static_cast<std::size_t>(got);
    return 1;
  }
  std::span<std::uint8_t> datagram(int) { return {buffer_.data(), length_}; }
  const PeerAddress& sender(int) const { return sender_; }
  std::uint64_t stamp_ns(int) const { return kernel_stamp_of(message_); }
  std::map<std::string, std::string> details() const {
    if (!stamps_) return {};
    return {{"call", "recvmsg"}};
  }
  void send_back(int) {
    ssize_t sent = -1;
    do {
      sent = sendto(socket_, buffer_.data(), length_, 0, name_, sender_.length());
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) ++refused_;
  }
  std::uint64_t flush() { return std::exchange(refused_, 0); }

 private:
  int next_with_stamp() {
    space_.give_to(message_);
    message_.msg_namelen = name_ == nullptr ? 0 : sizeof sender_;
    const ssize_t got = recvmsg(socket_, &message_, flags_);
    if (got < 0) return failure();
    length_ = static_cast<std::size_t>(got);
    return 1;
  }
  static sockaddr* to_sockaddr(PeerAddress& address) {
    return reinterpret_cast<sockaddr*>(&address);
  }

  PeerAddress sender_{};
  sockaddr* name_;  // null: not asked for
  std::size_t length_ = 0;
  std::uint64_t refused_ = 0;
  bool stamps_;
  StampSpace space_{};
  std::vector<std::uint8_t> buffer_;
  iovec part_;
  msghdr message_{};  // where there are stamps
};

// What has come, up to a batch, in one system call, and in one back; waits for the first datagram
// at most.
class Recvmmsg : public SystemCall {
 public:
  Recvmmsg(int socket, const Options& options, udp::Use use)
      : SystemCall(socket, use.wait),
        batch_(option<std::size_t>(options, "batch")),
        datagram_bytes_(use.datagram_bytes),
        buffers_(batch_ * datagram_bytes_),
        parts_(batch_),
        messages_(batch_),
        senders_(use.senders ? batch_ : 0),
        spaces_(use.stamps ? batch_ : 0),
        back_(use.senders ? batch_ : 0) {
    flags_ |= MSG_WAITFORONE;
    for (std::size_t i = 0; i < batch_; ++i) {
      parts_[i] = {&buffers_[i * datagram_bytes_], datagram_bytes_};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
    for (std::size_t i = 0; i < senders_.size(); ++i) {
      messages_[i].msg_hdr.msg_name = &senders_[i];
      messages_[i].msg_hdr.msg_namelen = sizeof senders_[i];
    }
    for (std::size_t i = 0; i < spaces_.size(); ++i) spaces_[i].give_to(messages_[i].msg_hdr);
  }

  int next() {
    // What the last call has used.
    if (!spaces_.empty())
      for (; got_ > 0; --got_) spaces_[got_ - 1].give_to(messages_[got_ - 1].msg_hdr);
    const int got =
        recvmmsg(socket_, messages_.data(), static_cast<unsigned>(batch_), flags_, nullptr);
    if (got < 0) return failure();
    got_ = static_cast<std::size_t>(got);
    return got;
  }
  std::span<std::uint8_t> datagram(int i) {
    const auto at = static_cast<std::size_t>(i);
    return {&buffers_[at * datagram_bytes_], messages_[at].msg_len};
  }
  const PeerAddress& sender(int i) const { return senders_[static_cast<std::size_t>(i)]; }
  std::uint64_t stamp_ns(int i) const {
    return kernel_stamp_of(messages_[static_cast<std::size_t>(i)].msg_hdr);
  }
  void send_back(int i) { back_.push(datagram(i), &senders_[static_cast<std::size_t>(i)]); }
  std::uint64_t flush() { return back_.flush(socket_); }

 private:
  std::size_t batch_;
  std::size_t datagram_bytes_;
  std::vector<std::uint8_t> buffers_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
  std::vector<PeerAddress> senders_;  // empty: not asked for
  std::vector<StampSpace> spaces_;    // the same
  std::size_t got_ = 0;               // by the last call
  SendBatch back_;
};

}  // namespace

BackendType udp_recvfrom_backend() {
  return {.name = "udp-recvfrom",
          .summary = "a UDP socket, one datagram per system call",
          .workloads = udp::payload_workloads<true>(),
          .options = {udp::rcvbuf_option()},
          .probe = udp::probe_socket,
          .make = [] { return std::make_unique<udp::UdpBackend<Recvfrom>>("udp-recvfrom"); },
          .reads_tag = true,
          .cannot = udp::socket_cannot(),
          .stamps = true};
}

BackendType udp_recvmmsg_backend() {
  return {.name = "udp-recvmmsg",
          .summary = "a UDP socket, a batch of datagrams per system call",
          .workloads = udp::payload_workloads<true>(),
          .options = {number_option("batch", 64, 1, 1024, "datagrams per system call at most"),
                      udp::rcvbuf_option()},
          .probe = udp::probe_socket,
          .make = [] { return std::make_unique<udp::UdpBackend<Recvmmsg>>("udp-recvmmsg"); },
          .reads_tag = true,
          .cannot = udp::socket_cannot(),
          .stamps = true};
}

}  // namespace pktbench::backends
