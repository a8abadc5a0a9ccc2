#include "backends/dpdk/dpdk_port.hpp"

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_version.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace pktbench::dpdk {

namespace {

// net_af_xdp keeps 2048 in its fill ring and up to `descriptors` in the receive ring; the rest is
// on the way through the loop.
std::uint32_t buffers_per_queue(const Setup& setup) {
  return 2048 + 2 * setup.descriptors + 8 * setup.burst + 1024;
}

std::string device_arguments(const Setup& setup) {
  std::string text = std::string("iface=") + setup.device;
  const std::string queues = std::to_string(setup.queues);
  if (setup.driver == std::string("net_af_xdp"))
    return text + ",queue_count=" + queues + ",busy_budget=" + std::to_string(setup.busy_budget);
  // Its ring is made with the device and not with the queue.
  return text + ",qpairs=" + queues + ",framecnt=" + std::to_string(setup.descriptors);
}

Error dpdk_error(const std::string& what, int error) {
  return make_error(ErrorCode::failed, what + ": " + rte_strerror(error));
}

}  // namespace

Result<void> DpdkPort::open(const Setup& setup) {
  driver_ = setup.driver;
  queues_ = static_cast<std::uint16_t>(setup.queues);
  descriptors_ = setup.descriptors;
  if (auto r = start_eal(setup); !r) return r;
  const std::string name = driver_ + "0";
  if (const int error = rte_eal_hotplug_add("vdev", name.c_str(), device_arguments(setup).c_str()))
    return dpdk_error("open " + std::string(setup.device) + " with " + driver_, -error);
  std::uint16_t id = 0;
  if (const int error = rte_eth_dev_get_port_by_name(name.c_str(), &id))
    return dpdk_error(driver_ + " made no port for " + setup.device, -error);
  id_ = id;
  if (auto r = set_up_queues(setup); !r) return r;
  auto sockets = DriverSockets::find(driver_, queues_, setup.trial_tag);
  if (!sockets) return sockets.error();
  sockets_ = std::move(*sockets);
  discard();
  return {};
}

// What came before a filter was there, at most a ring of it.
void DpdkPort::discard() {
  std::array<rte_mbuf*, 32> frames;
  for (std::uint16_t queue = 0; queue < queues_; ++queue) {
    for (std::uint32_t seen = 0; seen < descriptors_;) {
      const std::uint16_t count = rte_eth_rx_burst(*id_, queue, frames.data(), frames.size());
      if (count == 0) break;
      rte_pktmbuf_free_bulk(frames.data(), count);
      seen += count;
    }
  }
}

Result<void> DpdkPort::start_eal(const Setup& setup) {
  std::string lcores = "0@" + std::to_string(setup.cpus[0]);
  for (std::uint32_t i = 0; i < setup.lcores; ++i)
    lcores += "," + std::to_string(i + 1) + "@" + std::to_string(setup.cpus[i]);
  std::vector<std::string> words{"pktbench-dpdk",
                                 "--lcores=" + lcores,
                                 "--main-lcore=0",
                                 "--no-pci",
                                 "--no-telemetry",
                                 "--iova-mode=va",
                                 "--file-prefix=pktbench-" + std::to_string(getpid()),
                                 "-m",
                                 std::to_string(setup.memory_mb)};
  if (setup.huge_pages) {
    words.emplace_back("--in-memory");
  } else {
    words.emplace_back("--no-huge");
    words.emplace_back("--no-shconf");
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  // Else EAL writes to the system's log too.
  rte_openlog_stream(stderr);
  if (rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) < 0)
    return dpdk_error("initialise DPDK", rte_errno);
  eal_ = true;
  return {};
}

Result<void> DpdkPort::set_up_queues(const Setup& setup) {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(*id_, &info))
    return dpdk_error("ask " + driver_ + " what it can do", -error);
  const auto queues = static_cast<std::uint16_t>(setup.queues);
  if (info.max_rx_queues < queues)
    return make_error(ErrorCode::unsupported,
                      driver_ + " offers " + std::to_string(info.max_rx_queues) + " of " +
                          std::to_string(queues) + " queues on " + setup.device);
  // Nothing is sent; net_af_xdp wants them in pairs.
  const rte_eth_conf defaults{};
  if (const int error = rte_eth_dev_configure(*id_, queues, queues, &defaults))
    return dpdk_error("configure " + driver_, -error);
  for (std::uint16_t queue = 0; queue < queues; ++queue) {
    // A pool each: net_af_xdp registers the pool's memory with the queue's socket.
    rte_mempool* pool =
        rte_pktmbuf_pool_create(("queue" + std::to_string(queue)).c_str(), buffers_per_queue(setup),
                                256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (!pool)
      return dpdk_error("make " + std::to_string(buffers_per_queue(setup)) + " buffers", rte_errno);
    const auto descriptors = static_cast<std::uint16_t>(setup.descriptors);
    const std::string what = " queue " + std::to_string(queue) + " of " + setup.device;
    if (const int error =
            rte_eth_rx_queue_setup(*id_, queue, descriptors, SOCKET_ID_ANY, nullptr, pool))
      return dpdk_error("set up receive" + what + " with " + driver_, -error);
    if (const int error = rte_eth_tx_queue_setup(*id_, queue, descriptors, SOCKET_ID_ANY, nullptr))
      return dpdk_error("set up transmit" + what + " with " + driver_, -error);
  }
  if (const int error = rte_eth_dev_start(*id_)) return dpdk_error("start " + driver_, -error);
  started_ = true;
  return {};
}

void DpdkPort::describe(Ready& ready) const {
  put(ready.dpdk, rte_version());
  put(ready.copy_mode, sockets_->copy_mode());
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(*id_, &info) == 0) {
    put(ready.driver, info.driver_name);
    ready.queues = info.nb_rx_queues;
  }
  rte_eth_rxq_info queue{};
  if (rte_eth_rx_queue_info_get(*id_, 0, &queue) == 0) ready.descriptors = queue.nb_desc;
}

// Not rx_nombuf: without a buffer these drivers leave the frame in the ring. imissed is what the
// sockets say of net_af_xdp; of net_af_packet it is there only in versions that read (and so reset)
// the socket's count.
Result<DropCounts> DpdkPort::drops() {
  auto drops = sockets_->sample();
  if (!drops) return drops;
  rte_eth_stats stats{};
  if (const int error = rte_eth_stats_get(*id_, &stats))
    return dpdk_error("read the statistics of " + driver_, -error);
  if (driver_ == "net_af_packet") (*drops)["packet_ring_full"] += stats.imissed;
  (*drops)["dpdk_rx_errors"] = stats.ierrors;
  return drops;
}

void DpdkPort::close() {
  if (id_) {
    if (started_) (void)rte_eth_dev_stop(*id_);
    (void)rte_eth_dev_close(*id_);
  }
  id_.reset();
  started_ = false;
  if (eal_) (void)rte_eal_cleanup();
  eal_ = false;
}

}  // namespace pktbench::dpdk
