#include "backends/dpdk/dpdk_port.hpp"

#include <fmt/format.h>
#include <rte_config.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_version.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "harness/sys/own_path.hpp"

namespace pktbench::dpdk {

namespace {

// net_af_xdp keeps 2048 in its fill ring and up to `descriptors` in the receive ring; the rest is
// on the way through the loop, or back out through a transmit and a completion ring.
std::uint32_t buffers_per_queue(const Setup& setup) {
  return 2048 + 4 * setup.descriptors + 8 * setup.burst + 1024;
}

// EAL loads every driver in this folder.
Result<void> check_drivers() {
#ifdef RTE_EAL_PMD_PATH
  const std::string folder = RTE_EAL_PMD_PATH;
  std::error_code error;
  if (folder.empty() || !std::filesystem::is_directory(folder, error)) return {};
  Result<sys::Fd> own = sys::open_own(folder);
  std::filesystem::directory_iterator driver(folder, error);
  for (; own && !error && driver != std::filesystem::directory_iterator(); driver.increment(error))
    own = sys::open_own(driver->path());
  if (!own)
    return make_error(ErrorCode::unsupported,
                      "DPDK's drivers are not loaded: " + own.error().message);
#endif
  return {};
}

}  // namespace

Error dpdk_error(const std::string& what, int error) {
  return make_error(ErrorCode::failed, what + ": " + rte_strerror(error));
}

Result<void> DpdkPort::open(const Setup& setup, Ready& ready) {
  driver_ = setup.driver;
  descriptors_ = setup.descriptors;
  if (auto r = check_drivers(); !r) return r;
  if (auto r = start_eal(setup); !r) {
    ready.eal_failed = true;
    return r;
  }
  auto opened = setup.wire                ? open_memory(setup)
                : is_pci_address(driver_) ? open_pci(setup)
                                          : open_kernel_device(setup);
  if (opened) describe(ready);
  return opened;
}

Result<void> DpdkPort::open_kernel_device(const Setup& setup) {
  if (auto r = open_ports(setup, setup.device, driver_, queues_); !r) return r;
  if (auto r =
          DriverSockets::find(driver_, setup.queues, setup.trial_tag, setup.ipv6).into(sockets_);
      !r)
    return r.error();
  // After those were found: nothing is received by the sockets of the way out.
  if (setup.out_device[0])
    if (auto r = open_ports(setup, setup.out_device, driver_ + "_out", ways_out_); !r) return r;
  discard();
  return {};
}

Result<void> DpdkPort::open_ports(const Setup& setup, const char* device, const std::string& name,
                                  std::vector<QueueId>& queues) {
  // A port of net_af_xdp for each queue: for a port with several the driver wants combined
  // channels, which not every device with several queues has.
  const bool xdp = driver_ == "net_af_xdp";
  const auto each = static_cast<std::uint16_t>(xdp ? 1 : setup.queues);
  for (std::uint32_t first = 0; first < setup.queues; first += each) {
    // The ring of net_af_packet is made with the device and not with the queue.
    const std::string its =
        xdp ? fmt::format("start_queue={},queue_count=1,busy_budget={}", first, setup.busy_budget)
            : fmt::format("qpairs={},framecnt={}", setup.queues, descriptors_);
    const auto port =
        add(fmt::format("{}{}", name, first), fmt::format("iface={},{}", device, its), each, setup);
    if (!port) return port.error();
    append(queues, *port, each);
  }
  return {};
}

// EAL has looked for a driver of its own for the device, and only for this one.
Result<void> DpdkPort::open_pci(const Setup& setup) {
  std::uint16_t port = 0;
  if (rte_eth_dev_get_port_by_name(setup.driver, &port) != 0)
    return make_error(ErrorCode::unsupported,
                      "no driver of DPDK's took the PCI device " + driver_ +
                          "; it must be there, have a driver in DPDK " + rte_version() +
                          ", and be bound to vfio-pci or uio_pci_generic where that needs it "
                          "(dpdk-devbind.py)");
  opened_.push_back(port);
  const auto queues = static_cast<std::uint16_t>(setup.queues);
  if (auto r = set_up_queues(port, queues, setup); !r) return r;
  // Frames sent before the link is up would be lost. Each call waits 9 s at most, which 10GBASE-T
  // may need to train.
  rte_eth_link link{};
  for (int call = 0; call < 2; ++call)
    if (rte_eth_link_get(port, &link) != 0 || link.link_status != RTE_ETH_LINK_DOWN) break;
  if (link.link_status == RTE_ETH_LINK_DOWN)
    return make_error(ErrorCode::failed, driver_ + " has no link after 18 s");
  receive_on(port, queues);
  return {};
}

// What came before a filter was there, at most a ring of it.
void DpdkPort::discard() {
  std::array<rte_mbuf*, 32> frames;
  for (const QueueId& id : queues_) {
    for (std::uint32_t seen = 0; seen < descriptors_;) {
      const std::uint16_t count = rte_eth_rx_burst(id.port, id.queue, frames.data(), frames.size());
      if (count == 0) break;
      rte_pktmbuf_free_bulk(frames.data(), count);
      seen += count;
    }
  }
}

Result<void> DpdkPort::start_eal(const Setup& setup) {
  std::string lcores = fmt::format("0@{}", setup.cpus[0]);
  for (std::uint32_t i = 0; i < setup.lcores; ++i)
    lcores += fmt::format(",{}@{}", i + 1, setup.cpus[i]);
  if (setup.wire) lcores += fmt::format(",{}@{}", setup.lcores + 1, setup.generator_cpu);
  std::vector<std::string> words{"pktbench-dpdk",
                                 "--lcores=" + lcores,
                                 "--main-lcore=0",
                                 "--no-telemetry",
                                 fmt::format("--file-prefix=pktbench-{}", getpid()),
                                 "-m",
                                 std::to_string(setup.memory_mb)};
  if (is_pci_address(setup.driver)) {
    words.insert(words.end(), {"--allow", setup.driver});
  } else {
    words.insert(words.end(), {"--no-pci", "--iova-mode=va"});
  }
  if (setup.huge_pages) {
    // A virtqueue's other end maps the memory file by file, and takes few.
    words.insert(words.end(), {"--in-memory", "--single-file-segments"});
  } else {
    words.insert(words.end(), {"--no-huge", "--no-shconf"});
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

// A port of a driver without a device, or over one.
Result<std::uint16_t> DpdkPort::add(const std::string& name, const std::string& arguments,
                                    std::uint16_t queues, const Setup& setup) {
  std::uint16_t port = 0;
  int error = rte_eal_hotplug_add("vdev", name.c_str(), arguments.c_str());
  if (error == 0) error = rte_eth_dev_get_port_by_name(name.c_str(), &port);
  if (error != 0) return dpdk_error("open " + name + " with " + arguments, -error);
  opened_.push_back(port);
  if (auto r = set_up_queues(port, queues, setup); !r) return r.error();
  return port;
}

void DpdkPort::append(std::vector<QueueId>& to, std::uint16_t port, std::uint16_t queues) {
  for (std::uint16_t queue = 0; queue < queues; ++queue) to.push_back({port, queue});
}

// Starts the port.
Result<void> DpdkPort::set_up_queues(std::uint16_t port, std::uint16_t queues, const Setup& setup,
                                     bool same_pool) {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(port, &info))
    return dpdk_error("ask " + driver_ + " what it can do", -error);
  if (info.max_rx_queues < queues)
    return make_error(ErrorCode::unsupported, "{} offers {} of {} queues on {}", driver_,
                      info.max_rx_queues, queues, setup.device);
  rte_eth_conf conf{};
  // A NIC puts all frames into its first queue unless it is told what to hash.
  conf.rx_adv_conf.rss_conf.rss_hf =
      info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
  if (queues > 1 && conf.rx_adv_conf.rss_conf.rss_hf) conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
  if (const int error = rte_eth_dev_configure(port, queues, queues, &conf))
    return dpdk_error("configure " + driver_, -error);
  for (std::uint16_t queue = 0; queue < queues; ++queue) {
    // A pool each: net_af_xdp registers the pool's memory with the queue's socket.
    if (!same_pool)
      pool_ = rte_pktmbuf_pool_create((fmt::format("pool{}", pools_++)).c_str(),
                                      buffers_per_queue(setup), 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
                                      SOCKET_ID_ANY);
    if (!pool_)
      return dpdk_error(fmt::format("make {} buffers", buffers_per_queue(setup)), rte_errno);
    const auto descriptors = static_cast<std::uint16_t>(setup.descriptors);
    const std::string what = fmt::format(" queue {} of {} with {}", queue, setup.device, driver_);
    if (const int error =
            rte_eth_rx_queue_setup(port, queue, descriptors, SOCKET_ID_ANY, nullptr, pool_))
      return dpdk_error("set up receive" + what, -error);
    if (const int error = rte_eth_tx_queue_setup(port, queue, descriptors, SOCKET_ID_ANY, nullptr))
      return dpdk_error("set up transmit" + what, -error);
  }
  if (const int error = rte_eth_dev_start(port)) return dpdk_error("start " + driver_, -error);
  return {};
}

void DpdkPort::describe(Ready& ready) const {
  put(ready.dpdk, rte_version());
  if (sockets_) put(ready.copy_mode, sockets_->copy_mode());
  for (const QueueId& id : queues_) {
    rte_eth_dev_info info{};
    if (rte_eth_dev_info_get(id.port, &info) != 0) continue;
    put(ready.driver, info.driver_name);
    ++ready.queues;
  }
  rte_eth_rxq_info queue{};
  if (rte_eth_rx_queue_info_get(queues_.front().port, queues_.front().queue, &queue) == 0)
    ready.descriptors = queue.nb_desc;
}

// Not rx_nombuf: without a buffer these drivers leave the frame in the ring. imissed is what the
// sockets say of net_af_xdp; of net_af_packet it is there only in versions that read (and so reset)
// the socket's count.
Result<DpdkPort::Lost> DpdkPort::lost() {
  Lost lost;
  if (sockets_) {
    auto drops = sockets_->sample();
    if (!drops) return drops.error();
    lost.drops = std::move(*drops);
  }
  const char* missed = driver_ == "net_af_packet" ? "packet_ring_full" : "dpdk_rx_missed";
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (i > 0 && queues_[i].port == queues_[i - 1].port) continue;
    rte_eth_stats stats{};
    if (const int error = rte_eth_stats_get(queues_[i].port, &stats))
      return dpdk_error("read the statistics of " + driver_, -error);
    if (driver_ != "net_af_xdp") lost.drops[missed] += stats.imissed;
    lost.drops["dpdk_rx_errors"] += stats.ierrors;
    // net_af_xdp's are the frames that it did not take, which the poll loop counts.
    if (driver_ != "net_af_xdp" && ways_out_.empty()) lost.not_sent += stats.oerrors;
  }
  return lost;
}

void DpdkPort::close() {
  for (; !opened_.empty(); opened_.pop_back()) {
    (void)rte_eth_dev_stop(opened_.back());
    (void)rte_eth_dev_close(opened_.back());
  }
  queues_.clear();
  ways_out_.clear();
  if (eal_) (void)rte_eal_cleanup();
  eal_ = false;
}

}  // namespace pktbench::dpdk
