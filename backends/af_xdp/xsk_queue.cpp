#include "backends/af_xdp/xsk_queue.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "backends/common/socket_option.hpp"

namespace pktbench::af_xdp {

using backends::socket_option;

namespace {

constexpr std::size_t kHugePage = 2 << 20;
constexpr int kBusyPollUs = 20;

std::string queue_name(const XskConfig& c) {
  return fmt::format("queue {} of {}", c.queue, c.device);
}

// The kernel gives a queue free some time after its socket was closed.
constexpr auto kTakeDown = std::chrono::seconds(2);

// The consumer first, so that the difference is never negative.
template <class Ring>
std::uint32_t entries(const Ring& ring) {
  const std::uint32_t consumer = __atomic_load_n(ring.consumer, __ATOMIC_ACQUIRE);
  return __atomic_load_n(ring.producer, __ATOMIC_ACQUIRE) - consumer;
}

}  // namespace

Result<std::unique_ptr<XskQueue>> XskQueue::open(const XskConfig& config) {
  const auto deadline = std::chrono::steady_clock::now() + kTakeDown;
  for (bool first = true;; first = false) {
    std::unique_ptr<XskQueue> queue(new XskQueue(config));
    auto bound = queue->map_memory();
    // The attempt before may still hold the huge pages.
    const bool pages_may_come = !bound && !first && bound.error().sys_errno == ENOMEM;
    if (bound) bound = queue->bind();
    if (bound) {
      if (auto r = queue->prefer_busy_poll(); !r) return r.error();
      if (auto r = queue->read_back(); !r) return r.error();
      queue->give_all_frames();
      return queue;
    }
    if ((bound.error().sys_errno != EBUSY && !pages_may_come) ||
        std::chrono::steady_clock::now() > deadline)
      return bound.error();
    // libxdp cannot bind a second time with what it has made; begin again.
    queue.reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

XskQueue::~XskQueue() {
  if (out_socket_) xsk_socket__delete(out_socket_);
  if (socket_)
    xsk_socket__delete(socket_);
  else if (umem_)
    release_rings();
  if (umem_) xsk_umem__delete(umem_);
  if (memory_) munmap(memory_, memory_bytes_);
}

// Where no socket came of a UMEM, libxdp leaves the rings mapped, and with them the kernel's socket
// and the pinned memory alive.
void XskQueue::release_rings() noexcept {
  const auto offsets =
      socket_option<xdp_mmap_offsets>(xsk_umem__fd(umem_), SOL_XDP, XDP_MMAP_OFFSETS, "");
  if (!offsets) return;
  const auto unmap = [](void* ring, std::uint64_t descriptors, std::uint32_t entries) {
    if (ring)
      munmap(static_cast<char*>(ring) - descriptors, descriptors + entries * sizeof(std::uint64_t));
  };
  unmap(fill_.ring, offsets->fr.desc, ring_entries_);
  unmap(completion_.ring, offsets->cr.desc, ring_entries_);
}

Result<void> XskQueue::map_memory() {
  memory_bytes_ = std::size_t{config_.umem_frames} * config_.frame_bytes;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  if (config_.huge_pages) {
    memory_bytes_ = (memory_bytes_ + kHugePage - 1) / kHugePage * kHugePage;
    flags |= MAP_HUGETLB;
  }
  void* memory = mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) {
    const int error = errno;
    Error e = system_error("map the UMEM", error);
    if (config_.huge_pages) {
      e.code = ErrorCode::unsupported;
      e.message = "no huge pages for a UMEM of " + std::to_string(memory_bytes_ >> 20) + " MiB (" +
                  std::strerror(error) +
                  "); reserve some with vm.nr_hugepages, or set \"huge_pages\": false";
    }
    return e;
  }
  memory_ = static_cast<std::uint8_t*>(memory);
  return {};
}

Result<void> XskQueue::bind() {
  // Twice the frames: the kernel says that it took a frame from the fill ring after it has
  // delivered it, so that a ring of just the frames' number could be short of room for a moment.
  ring_entries_ = std::bit_ceil(config_.umem_frames * 2);
  xsk_umem_config umem{};
  umem.fill_size = ring_entries_;
  umem.comp_size = ring_entries_;
  umem.frame_size = config_.frame_bytes;
  umem.frame_headroom = 0;
  const std::uint64_t bytes = std::uint64_t{config_.umem_frames} * config_.frame_bytes;
  if (int error = xsk_umem__create(&umem_, memory_, bytes, &fill_, &completion_, &umem)) {
    umem_ = nullptr;
    return system_error(fmt::format("register a UMEM of {} KiB", bytes >> 10), -error);
  }
  (void)fcntl(xsk_umem__fd(umem_), F_SETFD, FD_CLOEXEC);

  xsk_socket_config socket{};
  socket.rx_size = config_.ring_size;
  const bool transmits_here = config_.transmit && config_.out_device.empty();
  socket.tx_size = transmits_here ? ring_entries_ : 0;
  socket.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD;
  socket.bind_flags = config_.bind_flags;
  if (int error = xsk_socket__create(&socket_, config_.device.c_str(), config_.queue, umem_, &rx_,
                                     transmits_here ? &tx_ : nullptr, &socket)) {
    socket_ = nullptr;
    return bind_error(config_, -error);
  }
  return config_.out_device.empty() ? Result<void>{} : bind_way_out();
}

// Frames go from one device to the other where they lie. The kernel gives the second socket the
// copy mode of the first, and takes no flags for it.
Result<void> XskQueue::bind_way_out() {
  xsk_socket_config socket{};
  socket.tx_size = ring_entries_;
  socket.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD;
  const int error =
      xsk_socket__create_shared(&out_socket_, config_.out_device.c_str(), config_.queue, umem_,
                                nullptr, &tx_, &out_fill_, &out_completion_, &socket);
  if (error == 0) return {};
  out_socket_ = nullptr;
  XskConfig there = config_;
  there.device = config_.out_device;
  return bind_error(there, -error);
}

Error XskQueue::bind_error(const XskConfig& asked, int error) {
  Error e = system_error("bind an AF_XDP socket to " + queue_name(asked), error);
  if (error == EBUSY) {
    e.code = ErrorCode::refused;
    e.message = queue_name(asked) + " has an AF_XDP socket of somebody else's";
  } else if (error != ENOMEM && error != ENOBUFS && (asked.bind_flags & XDP_ZEROCOPY)) {
    e.code = ErrorCode::unsupported;
    e.message = queue_name(asked) +
                " has no AF_XDP zero-copy (the kernel says: " + std::strerror(error) +
                "); use \"copy_mode\": \"copy\", or allow \"auto\"";
  }
  return e;
}

Result<void> XskQueue::prefer_busy_poll() const {
  if (!config_.busy_poll_budget) return {};
  const auto set = [this](int option, int value) {
    return setsockopt(fd(), SOL_SOCKET, option, &value, sizeof value) == 0;
  };
  if (set(SO_PREFER_BUSY_POLL, 1) && set(SO_BUSY_POLL, kBusyPollUs) &&
      set(SO_BUSY_POLL_BUDGET, static_cast<int>(config_.busy_poll_budget)))
    return {};
  Error e = system_error("prefer busy polling on " + queue_name(config_), errno);
  if (e.sys_errno == ENOPROTOOPT || e.sys_errno == EOPNOTSUPP) e.code = ErrorCode::unsupported;
  return e;
}

Result<void> XskQueue::read_back() {
  const auto options = socket_option<xdp_options>(fd(), SOL_XDP, XDP_OPTIONS, "XDP_OPTIONS");
  if (!options) return options.error();
  zero_copy_ = options->flags & XDP_OPTIONS_ZEROCOPY;
  const auto napi = socket_option<unsigned>(fd(), SOL_SOCKET, SO_INCOMING_NAPI_ID, "");
  napi_id_ = napi ? *napi : 0;
  return {};
}

void XskQueue::give_all_frames() {
  std::uint32_t at = 0;
  xsk_ring_prod__reserve(&fill_, config_.umem_frames, &at);
  for (std::uint32_t i = 0; i < config_.umem_frames; ++i)
    *xsk_ring_prod__fill_addr(&fill_, at + i) = std::uint64_t{i} * config_.frame_bytes;
  xsk_ring_prod__submit(&fill_, config_.umem_frames);
}

// In copy mode a frame that finds the fill ring empty raises both rx_dropped and
// rx_fill_ring_empty_descs, and one that is too long the first alone. In zero-copy mode the second
// counts the driver's attempts to refill its ring, which are no frames; those it then has no room
// for are the device's own drops.
Result<XskDrops> XskQueue::drops() const {
  const auto statistics =
      socket_option<xdp_statistics>(fd(), SOL_XDP, XDP_STATISTICS, "XDP_STATISTICS");
  if (!statistics) return statistics.error();
  XskDrops drops;
  drops.rx_ring_full = statistics->rx_ring_full;
  if (!zero_copy_)
    drops.fill_ring_empty =
        std::min<std::uint64_t>(statistics->rx_dropped, statistics->rx_fill_ring_empty_descs);
  drops.frame_too_long = statistics->rx_dropped - drops.fill_ring_empty;
  return drops;
}

std::uint32_t XskQueue::pending() const { return entries(rx_); }

std::uint32_t XskQueue::free_frames() const { return entries(fill_); }

}  // namespace pktbench::af_xdp
