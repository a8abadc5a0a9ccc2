// DPDK's drivers without a device: a port to receive on, and the other end of it.
//
//   net_ring         two rings, one each way; frames change hands and are not copied
//   net_virtio_user  a virtqueue; the other end is a vhost port, which copies
//   net_null         no other end: the driver makes a frame whenever it is asked for one
#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ring.h>
#include <unistd.h>

#include <cstdlib>

#include "backends/dpdk/dpdk_port.hpp"

namespace pktbench::dpdk {

Result<void> DpdkPort::open_memory(const Setup& setup) {
  memory_.emplace();
  if (driver_ == "net_ring") return open_rings(setup);
  if (driver_ == "net_virtio_user") return open_virtio(setup);
  return open_null(setup);
}

// Each ring has one writer and one reader.
Result<void> DpdkPort::open_rings(const Setup& setup) {
  const auto ring = [&](const char* name) {
    return rte_ring_create(name, setup.descriptors, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  };
  rte_ring* there = ring("there");
  rte_ring* back = ring("back");
  if (!there || !back) return dpdk_error("make two rings", rte_errno);
  for (const bool receives : {false, true}) {
    const int made = rte_eth_from_rings(receives ? "receive" : "send", receives ? &there : &back, 1,
                                        receives ? &back : &there, 1, 0);
    if (made < 0) return dpdk_error("make a port of two rings", rte_errno);
    const auto port = static_cast<std::uint16_t>(made);
    opened_.push_back(port);
    if (auto r = set_up_queues(port, 1, setup, receives); !r) return r;
    if (receives)
      receive_on(port, 1);
    else
      memory_ = {.send = port, .pool = pool_};
  }
  return {};
}

// The vhost port listens when it is configured; then the other one can connect.
Result<void> DpdkPort::open_virtio(const Setup& setup) {
  constexpr int kLinkMs = 10'000;
  // The helper's own folder, where it has one.
  const char* folder = std::getenv("RUNTIME_DIRECTORY");
  const std::string path = fmt::format("{}/pktbench-vhost-{}", folder ? folder : "/run", getpid());
  const auto vhost = add("net_vhost0", "iface=" + path + ",queues=1", 1, setup);
  if (!vhost) return vhost.error();
  memory_ = {.send = *vhost, .pool = pool_};
  const auto virtio =
      add("net_virtio_user0",
          fmt::format("path={},queues=1,queue_size={}", path, setup.descriptors), 1, setup);
  if (!virtio) return virtio.error();
  receive_on(*virtio, 1);
  rte_eth_link link{};
  for (int waited = 0; link.link_status != RTE_ETH_LINK_UP; ++waited) {
    if (waited > kLinkMs)
      return make_error(ErrorCode::failed, "the vhost port has no link after {} s", kLinkMs / 1000);
    usleep(1000);
    if (const int error = rte_eth_link_get_nowait(*vhost, &link))
      return dpdk_error("ask the vhost port for its link", -error);
  }
  return {};
}

Result<void> DpdkPort::open_null(const Setup& setup) {
  const auto port = add("net_null0", fmt::format("size={},copy=0", setup.frame_bytes), 1, setup);
  if (!port) return port.error();
  memory_->self_made = true;
  receive_on(*port, 1);
  return {};
}

}  // namespace pktbench::dpdk
