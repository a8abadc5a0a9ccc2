#include "backends/dpdk/memory_ports.hpp"

#include <fmt/format.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ring.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace pktbench::dpdk {

Error dpdk_error(const std::string& what, int error) {
  return make_error(ErrorCode::failed, what + ": " + rte_strerror(error));
}

Result<std::uint16_t> add_vdev(const std::string& name, const std::string& arguments) {
  std::uint16_t port = 0;
  int error = rte_eal_hotplug_add("vdev", name.c_str(), arguments.c_str());
  if (error == 0) error = rte_eth_dev_get_port_by_name(name.c_str(), &port);
  if (error != 0) return dpdk_error("open " + name + " with " + arguments, -error);
  return port;
}

namespace {

// Each ring has one writer and one reader.
Result<MemoryPorts> open_rings(const Setup& setup, const SetUpQueue& set_up,
                               std::vector<std::uint16_t>& opened) {
  const auto ring = [&](const char* name) {
    return rte_ring_create(name, setup.descriptors, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  };
  rte_ring* there = ring("there");
  rte_ring* back = ring("back");
  if (!there || !back) return dpdk_error("make two rings", rte_errno);
  MemoryPorts ports;
  rte_mempool* pool = nullptr;
  for (const bool receives : {true, false}) {
    const int port = rte_eth_from_rings(receives ? "receive" : "send", receives ? &there : &back, 1,
                                        receives ? &back : &there, 1, 0);
    if (port < 0) return dpdk_error("make a port of two rings", rte_errno);
    (receives ? ports.receive : ports.send) = static_cast<std::uint16_t>(port);
    opened.push_back(static_cast<std::uint16_t>(port));
    if (auto r = set_up(static_cast<std::uint16_t>(port), pool).into(pool); !r) return r.error();
  }
  ports.pool = pool;
  return ports;
}

// The vhost port listens when it is configured; then the other one can connect.
Result<MemoryPorts> open_virtio(const Setup& setup, const SetUpQueue& set_up,
                                std::vector<std::uint16_t>& opened) {
  constexpr int kLinkMs = 10'000;
  // The helper's own folder, where it has one.
  const char* folder = std::getenv("RUNTIME_DIRECTORY");
  const std::string path = fmt::format("{}/pktbench-vhost-{}", folder ? folder : "/run", getpid());
  MemoryPorts ports;
  auto vhost = add_vdev("net_vhost0", "iface=" + path + ",queues=1");
  if (!vhost) return vhost.error();
  ports.send = *vhost;
  opened.push_back(*vhost);
  if (auto r = set_up(*vhost, nullptr).into(ports.pool); !r) return r.error();
  auto virtio = add_vdev("net_virtio_user0",
                         fmt::format("path={},queues=1,queue_size={}", path, setup.descriptors));
  if (!virtio) return virtio.error();
  ports.receive = *virtio;
  opened.insert(opened.begin(), *virtio);
  if (auto own = set_up(*virtio, nullptr); !own) return own.error();
  rte_eth_link link{};
  for (int waited = 0; link.link_status != RTE_ETH_LINK_UP; ++waited) {
    if (waited > kLinkMs)
      return make_error(ErrorCode::failed, "the vhost port has no link after {} s", kLinkMs / 1000);
    usleep(1000);
    if (const int error = rte_eth_link_get_nowait(*vhost, &link))
      return dpdk_error("ask the vhost port for its link", -error);
  }
  return ports;
}

Result<MemoryPorts> open_null(const Setup& setup, const SetUpQueue& set_up,
                              std::vector<std::uint16_t>& opened) {
  auto port = add_vdev("net_null0", fmt::format("size={},copy=0", setup.frame_bytes));
  if (!port) return port.error();
  opened.push_back(*port);
  auto pool = set_up(*port, nullptr);
  if (!pool) return pool.error();
  return MemoryPorts{.receive = *port, .send = *port, .pool = *pool, .self_made = true};
}

}  // namespace

Result<MemoryPorts> open_memory_ports(const Setup& setup, const SetUpQueue& set_up,
                                      std::vector<std::uint16_t>& opened) {
  const std::string driver = setup.driver;
  if (driver == "net_ring") return open_rings(setup, set_up, opened);
  if (driver == "net_virtio_user") return open_virtio(setup, set_up, opened);
  return open_null(setup, set_up, opened);
}

}  // namespace pktbench::dpdk
