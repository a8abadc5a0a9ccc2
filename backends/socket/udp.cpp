#include "backends/socket/udp.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/socket/poll_loop.hpp"
#include "backends/socket/udp_drops.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

constexpr std::uint16_t kPort = PB_UDP_PORT;
constexpr std::size_t kDatagramBytes = 2048;  // more than a 1518 B frame carries

// One datagram per system call. The sender's address is not asked for.
class Recvfrom {
 public:
  Recvfrom(int socket, const Options&) : socket_(socket) {}

  int next() {
    const ssize_t got = recvfrom(socket_, buffer_.data(), buffer_.size(), 0, nullptr, nullptr);
    if (got < 0) return -errno;
    length_ = static_cast<std::size_t>(got);
    return 1;
  }
  std::span<const std::uint8_t> datagram(int) const { return {buffer_.data(), length_}; }

 private:
  int socket_;
  std::size_t length_ = 0;
  alignas(64) std::array<std::uint8_t, kDatagramBytes> buffer_{};
};

// What has come, up to a batch, in one system call; waits for the first datagram only.
class Recvmmsg {
 public:
  Recvmmsg(int socket, const Options& options)
      : socket_(socket),
        batch_(static_cast<std::size_t>(option<std::int64_t>(options, "batch"))),
        buffers_(batch_ * kDatagramBytes),
        parts_(batch_),
        messages_(batch_) {
    for (std::size_t i = 0; i < batch_; ++i) {
      parts_[i] = {&buffers_[i * kDatagramBytes], kDatagramBytes};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  int next() {
    const int got =
        recvmmsg(socket_, messages_.data(), static_cast<unsigned>(batch_), MSG_WAITFORONE, nullptr);
    return got < 0 ? -errno : got;
  }
  std::span<const std::uint8_t> datagram(int i) const {
    const auto at = static_cast<std::size_t>(i);
    return {&buffers_[at * kDatagramBytes], messages_[at].msg_len};
  }

 private:
  int socket_;
  std::size_t batch_;
  std::vector<std::uint8_t> buffers_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
};

Result<sys::Fd> open_socket(int rcvbuf_bytes) {
  sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open a UDP socket", errno);
  // Without CAP_NET_ADMIN the system's maximum holds; what came of it is read back.
  if (rcvbuf_bytes > 0 &&
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf_bytes, sizeof rcvbuf_bytes) !=
          0 &&
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &rcvbuf_bytes, sizeof rcvbuf_bytes) != 0)
    return system_error("set the receive buffer", errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(kPort);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_error("bind UDP port " + std::to_string(kPort), errno);
  return socket;
}

template <class Receive>
class UdpBackend final : public Backend {
 public:
  explicit UdpBackend(std::string name) : name_(std::move(name)) {}
  ~UdpBackend() override { stop(); }

  Result<EffectiveMode> start(const BackendConfig& config) override {
    stop();
    if (config.workload != "drop")
      return make_error(ErrorCode::unsupported,
                        name_ + " has no workload \"" + config.workload + "\"");
    if (config.port.cpus.empty())
      return make_error(ErrorCode::invalid_input,
                        "port " + config.port.name + " has no CPU to receive on");
    auto mode = start_in_namespace(config);
    if (!mode) stop();
    return mode;
  }

  Result<Counters> sample() override {
    if (!drops_) return make_error(ErrorCode::failed, name_ + " is not started");
    if (const int error = loop_errno_.load(std::memory_order_acquire); error != 0)
      return system_error(name_ + " stopped receiving", error);
    auto drops = drops_->sample();
    if (!drops) return drops.error();
    Counters counters;
    counters.packets = counters_.packets.load(std::memory_order_relaxed);
    counters.bytes = counters_.bytes.load(std::memory_order_relaxed);
    counters.foreign = counters_.foreign.load(std::memory_order_relaxed);
    counters.drops = std::move(*drops);
    return counters;
  }

  std::vector<pid_t> threads() const override {
    if (!thread_.joinable()) return {};
    return {tid_};
  }

  void stop() noexcept override {
    if (thread_.joinable()) {
      stop_.store(true, std::memory_order_relaxed);
      // Says ENOTCONN, and wakes the reader all the same.
      shutdown(socket_.get(), SHUT_RD);
      thread_.join();
    }
    drops_.reset();
    socket_.reset();
  }

 private:
  Result<EffectiveMode> start_in_namespace(const BackendConfig& config) {
    const auto scope = sys::NetnsScope::enter(config.port.netns_path);
    if (!scope) return scope.error();
    auto socket =
        open_socket(static_cast<int>(option<std::int64_t>(config.options, "rcvbuf_bytes")));
    if (!socket) return socket.error();
    socket_ = std::move(*socket);
    int rcvbuf = 0;
    socklen_t length = sizeof rcvbuf;
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &rcvbuf, &length) != 0)
      return system_error("SO_RCVBUF", errno);
    auto drops = udp::UdpDrops::open(socket_.get());
    if (!drops) return drops.error();
    drops_ = std::move(*drops);

    stop_.store(false, std::memory_order_relaxed);
    loop_errno_.store(0, std::memory_order_relaxed);
    counters_.packets = counters_.bytes = counters_.foreign = 0;
    std::promise<Result<pid_t>> up;
    auto ready = up.get_future();
    thread_ = std::thread([this, &config, &up] { run(config, up); });
    auto tid = ready.get();
    if (!tid) return tid.error();
    tid_ = *tid;
    return EffectiveMode{name_, name_, {{"rcvbuf_bytes", std::to_string(rcvbuf)}}};
  }

  // `config` and `up` live until the promise is kept, and no longer.
  void run(const BackendConfig& config, std::promise<Result<pid_t>>& up) {
    Receive receive(socket_.get(), config.options);
    const udp::TagCheck ours(config.trial_tag);
    const auto pinned = sys::pin_thread(0, config.port.cpus.front());
    if (!pinned) {
      up.set_value(pinned.error());
      return;
    }
    up.set_value(sys::current_tid());
    const int error = udp::poll_loop(receive, udp::Drop{}, ours, counters_, stop_);
    loop_errno_.store(error, std::memory_order_release);
  }

  std::string name_;
  sys::Fd socket_;
  std::optional<udp::UdpDrops> drops_;
  std::thread thread_;
  pid_t tid_ = 0;
  std::atomic<int> loop_errno_{0};  // writer: the loop's thread
  udp::LoopCounters counters_;
  // Writer: the controlling thread.
  alignas(64) std::atomic<bool> stop_{false};
};

Unavailable probe() {
  const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket) return {};
  return system_error("cannot open a UDP socket", errno).message;
}

OptionSpec rcvbuf_option() {
  return {.name = "rcvbuf_bytes",
          .default_value = std::int64_t{0},
          .choices = {},
          .min = 0,
          .max = 1 << 30,
          .help = "socket buffer in bytes, as asked for (the kernel doubles it); 0: the system's"};
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
          .workloads = {"drop"},
          .options = {rcvbuf_option()},
          .probe = probe,
          .make = [] { return std::make_unique<UdpBackend<Recvfrom>>("udp-recvfrom"); }};
}

BackendType udp_recvmmsg_backend() {
  return {.name = "udp-recvmmsg",
          .summary = "a UDP socket, a batch of datagrams per system call",
          .workloads = {"drop"},
          .options = {batch_option(), rcvbuf_option()},
          .probe = probe,
          .make = [] { return std::make_unique<UdpBackend<Recvmmsg>>("udp-recvmmsg"); }};
}

}  // namespace pktbench::backends
