#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/socket/udp_backend.hpp"
#include "backends/uring/uring_type.hpp"

namespace pktbench::uring {

namespace {

constexpr std::size_t kPageBytes = 4096;  // what the kernel wants the buffer ring aligned to
constexpr unsigned kSubmissions = 8;      // the receive, its cancellation, the wake-up
constexpr int kGroup = 0;

enum Request : std::uint64_t { kReceive = 1, kCancel = 2, kWake = 3 };

struct Free {
  void operator()(void* p) const { std::free(p); }
};

std::unique_ptr<std::uint8_t[], Free> pages(std::size_t bytes) {
  const std::size_t whole = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  return std::unique_ptr<std::uint8_t[], Free>(
      static_cast<std::uint8_t*>(std::aligned_alloc(kPageBytes, whole)));
}

// How the kernel's part of a request gets onto the thread, the best first: when the thread asks for
// completions (6.1), at its next system call (5.19), or by interrupting it.
struct TaskWork {
  unsigned flags;
  const char* name;
};
constexpr std::array kTaskWork = {
    TaskWork{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, "deferred"},
    TaskWork{IORING_SETUP_COOP_TASKRUN, "cooperative"}, TaskWork{0, "interrupting"}};

Error setup_error(int error) {
  if (error == ENOSYS) return {ErrorCode::unsupported, "this kernel has no io_uring", error, {}};
  if (error == EPERM) {
    std::string off;
    std::ifstream("/proc/sys/kernel/io_uring_disabled") >> off;
    return {ErrorCode::unsupported,
            "io_uring is not permitted here" +
                (off.empty() || off == "0" ? " (a sandbox's filter, or the security policy)"
                                           : " (kernel.io_uring_disabled = " + off + ")"),
            error,
            {}};
  }
  return system_error("set io_uring up", error);
}

// A ring whose one request receives datagrams into buffers that it provides itself. Threads: opened
// by the controlling thread; begin(), next(), datagram() and end() are the loop's.
class Receive {
 public:
  static constexpr bool kGivesSender = false;
  static constexpr bool kGivesStamp = false;

  Receive(int socket, const Options& options, udp::Use use)
      : socket_(socket),
        wait_(use.wait),
        datagram_bytes_(use.datagram_bytes),
        ring_size_(option<unsigned>(options, "ring_size")),
        buffers_(option<unsigned>(options, "buffers")) {}
  ~Receive() {
    if (task_work_ != nullptr) io_uring_queue_exit(&ring_);
  }

  Result<void> open() {
    for (const auto& [name, value] : {std::pair{"ring_size", ring_size_}, {"buffers", buffers_}})
      if (!std::has_single_bit(value))
        return make_error(ErrorCode::invalid_input, "{} must be a power of two, {} is not", name,
                          value);
    int error = 0;
    for (const TaskWork& how : kTaskWork) {
      // Disabled: the thread that enables it becomes the one that may submit.
      io_uring_params params{};
      params.flags = how.flags | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
      params.cq_entries = ring_size_;
      error = -io_uring_queue_init_params(kSubmissions, &ring_, &params);
      if (error == 0) task_work_ = how.name;
      if (error != EINVAL) break;
    }
    if (error != 0) return setup_error(error);

    descriptors_ = pages(buffers_ * sizeof(io_uring_buf));
    data_ = pages(buffers_ * datagram_bytes_);
    if (!descriptors_ || !data_) return system_error("receive buffers", ENOMEM);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(descriptors_.get());
    registration.ring_entries = buffers_;
    registration.bgid = kGroup;
    error = -io_uring_register_buf_ring(&ring_, &registration, 0);
    if (error == EINVAL)
      return make_error(ErrorCode::unsupported,
                        "this kernel's io_uring has no buffer rings (Linux 5.19)");
    if (error != 0) return system_error("register the buffer ring", error);
    io_uring_buf_ring_init(descriptors());
    used_.reserve(buffers_);
    for (unsigned i = 0; i < buffers_; ++i) used_.push_back(static_cast<std::uint16_t>(i));
    give_back();
    datagrams_.reserve(std::max(buffers_, ring_size_));
    return {};
  }

  std::map<std::string, std::string> details() const {
    return {{"task_work", task_work_},
            {"ring_size", std::to_string(ring_.cq.ring_entries)},
            {"buffers", std::to_string(buffers_)}};
  }

  // The ring belongs to the thread that enables it. (liburing 2.3 declares a call for that and does
  // not export it.)
  int begin(int wake_fd) {
    if (syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) !=
        0)
      return errno;
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) return EBUSY;
    io_uring_prep_poll_add(sqe, wake_fd, POLLIN);
    io_uring_sqe_set_data64(sqe, kWake);
    return arm();
  }

  // The request sleeps through a socket's shutdown; begin()'s descriptor ends the wait.
  void wake() noexcept {}

  // Returns the buffers of the datagrams before. A system call, and for each datagram one
  // completion read, one buffer returned.
  int next() {
    give_back();
    if (const int error = arm(); error != 0) return -error;
    const int got = wait_ ? io_uring_submit_and_wait(&ring_, 1)  // more than 1 collapses
                          : io_uring_submit_and_get_events(&ring_);
    // EBUSY, EAGAIN: completions were left over for want of room in the ring; they follow.
    if (got < 0 && got != -EBUSY && got != -EAGAIN) return got;
    return take();
  }
  std::span<std::uint8_t> datagram(int i) {
    const Datagram& d = datagrams_[static_cast<std::size_t>(i)];
    return {buffer(d.id), d.length};
  }

  // Ends the request, so that nothing holds the socket when its descriptor is closed: what the
  // kernel does after a ring's end, it does later.
  void end() {
    while (armed_) {
      give_back();
      io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
      if (sqe == nullptr) return;
      io_uring_prep_cancel64(sqe, kReceive, 0);
      io_uring_sqe_set_data64(sqe, kCancel);
      const int got = io_uring_submit_and_wait(&ring_, 1);
      if (got < 0 && got != -EINTR && got != -EBUSY && got != -EAGAIN) return;
      (void)take();
    }
  }

 private:
  struct Datagram {
    std::uint16_t id;
    std::uint32_t length;
  };

  std::uint8_t* buffer(std::uint16_t id) { return &data_[id * datagram_bytes_]; }

  // Submitted by the next system call.
  int arm() {
    if (armed_) return 0;
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) return EBUSY;
    io_uring_prep_recv_multishot(sqe, socket_, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = kGroup;
    io_uring_sqe_set_data64(sqe, kReceive);
    armed_ = true;
    return 0;
  }

  void give_back() {
    for (std::size_t i = 0; i < used_.size(); ++i)
      io_uring_buf_ring_add(descriptors(), buffer(used_[i]), static_cast<unsigned>(datagram_bytes_),
                            used_[i], static_cast<int>(buffers_ - 1), static_cast<int>(i));
    if (!used_.empty()) io_uring_buf_ring_advance(descriptors(), static_cast<int>(used_.size()));
    used_.clear();
  }

  // Every completion that is there; returns how many are datagrams, or a negative errno.
  int take() {
    datagrams_.clear();
    int error = 0;
    unsigned head;
    unsigned seen = 0;
    io_uring_cqe* cqe;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++seen;
      if (cqe->user_data != kReceive) continue;
      // The request ends for want of buffers, of room for its completion, or at an empty datagram,
      // and is made anew. What it had not taken waits in the socket.
      if ((cqe->flags & IORING_CQE_F_MORE) == 0) armed_ = false;
      if (cqe->res < 0) {
        if (cqe->res != -ENOBUFS && cqe->res != -EINTR) error = cqe->res;
        continue;
      }
      const bool has_buffer = (cqe->flags & IORING_CQE_F_BUFFER) != 0;
      const auto id = static_cast<std::uint16_t>(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
      if (has_buffer) used_.push_back(id);
      datagrams_.push_back({has_buffer ? id : std::uint16_t{0},
                            has_buffer ? static_cast<std::uint32_t>(cqe->res) : 0});
    }
    io_uring_cq_advance(&ring_, seen);
    return error != 0 ? error : static_cast<int>(datagrams_.size());
  }

  io_uring_buf_ring* descriptors() {
    return reinterpret_cast<io_uring_buf_ring*>(descriptors_.get());
  }

  int socket_;
  bool wait_;
  std::size_t datagram_bytes_;
  unsigned ring_size_;
  unsigned buffers_;
  const char* task_work_ = nullptr;  // null: no ring
  io_uring ring_{};
  bool armed_ = false;
  std::unique_ptr<std::uint8_t[], Free> descriptors_;
  std::unique_ptr<std::uint8_t[], Free> data_;
  std::vector<std::uint16_t> used_;  // buffers to give back
  std::vector<Datagram> datagrams_;
};

// Receives one datagram from itself: only the kernel's answer says that it has multishot receive.
Unavailable probe() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0)
    return system_error("cannot open a socket", errno).message;
  const sys::Fd in(ends[0]);
  const sys::Fd out(ends[1]);
  Receive receive(in.get(), {{"ring_size", std::int64_t{8}}, {"buffers", std::int64_t{8}}}, {});
  if (auto r = receive.open(); !r) return r.error().message;
  if (send(out.get(), "x", 1, 0) != 1) return system_error("cannot send", errno).message;
  int got = -receive.begin(out.get());
  if (got == 0) got = receive.next();
  receive.end();
  if (got == -EINVAL) return "this kernel's io_uring has no multishot receive (Linux 6.0)";
  if (got != 1) return system_error("cannot receive through io_uring", -got).message;
  return {};
}

}  // namespace

}  // namespace pktbench::uring

namespace pktbench::backends {

BackendType udp_uring_backend() {
  return uring_type(uring::probe,
                    [] { return std::make_unique<udp::UdpBackend<uring::Receive>>("udp-uring"); });
}

}  // namespace pktbench::backends
