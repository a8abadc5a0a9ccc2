#include "harness/testbed/veth_ends.hpp"

#include <utility>

#include "harness/sys/ethtool.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::testbed {

Result<void> VethEnd::begin() {
  if (auto r = identify(); !r) return r;
  count_anew();
  const auto places = sample();
  if (!places) return places.error();
  if (places->empty())
    return make_error(ErrorCode::unsupported, "this kernel's veth does not count what it drops");
  return {};
}

Result<void> VethEnd::begin_with_addresses() {
  auto r = begin();
  return r ? inside([&] { return add_addresses(); }) : r;
}

Result<std::vector<pid_t>> VethGenerator::take_returned(std::uint32_t trial_tag, bool stamped) {
  if (auto r = VethEnd::take_returned(trial_tag, stamped); !r) return r;
  // REQUIRES the sink's program, which gives the device NAPI.
  if (auto r = set({{"threaded", "1"}}); !r) return r.error();
  return place_napi_threads(true);
}

// In a namespace of the testbed's own, with which the device goes.
Result<void> VethEnd::set_mtu(unsigned mtu) { return sys::set_link_mtu(made.ifindex, mtu); }

Result<DropCounts> VethEnd::drops_on_the_way_back() const {
  auto link = sys::get_link(other());
  if (!link) return link.error();
  DropCounts drops;
  // By XDP_TX or from a socket: what found the ring full.
  drops["veth_return_ring_full"] = link->tx_dropped;
  if (auto r = dropped_on_receiving().into(drops["veth_return_rx"]); !r) return r.error();
  return drops;
}

Result<std::uint64_t> VethEnd::dropped_on_receiving() const {
  auto statistics = inside([&] { return sys::driver_statistics(made.name); });
  if (!statistics) return statistics.error();
  std::uint64_t dropped = 0;
  for (unsigned queue = 0; queue < made.queues; ++queue)
    dropped += (*statistics)[fmt::format("rx_queue_{}_drops", queue)];
  return dropped;
}

Result<DropCounts> VethSink::drops_on_the_way_back() const {
  DropCounts drops;
  if (auto r = dropped_on_receiving().into(drops["veth_sink_rx"]); !r) return r.error();
  return drops;
}

Result<void> VethDut::arrange(const std::string& arrangement, bool fifo) {
  stop_pump();
  threaded_ = arrangement == "isolated";
  fifo_ = fifo;
  auto r = set({{"threaded", threaded_ ? "1" : "0"}});
  if (!r || arrangement != "pump") return r;
  // Long enough for the pump to come round; at 200 us the kernel polls by itself again and again.
  r = set({{"napi_defer_hard_irqs", "100"}, {"gro_flush_timeout", "2000000"}});
  if (!r) return r;
  if (r = NapiPump::open(other(), made).into(pump_); !r) return r;
  made.pump_fd = pump_->fd();
  return {};
}

void VethDut::stop_pump() noexcept {
  pump_.reset();
  made.pump_fd = -1;
}

Result<std::vector<pid_t>> VethDut::settle(bool polled) {
  auto threads = NetworkEnd::settle(polled);
  if (!threads || !pump_) return threads;
  pump_->stop_thread();
  if (polled) return threads;
  auto thread = pump_->start_thread(made.cpus.front());
  if (!thread) return thread.error();
  threads->push_back(*thread);
  return threads;
}

}  // namespace pktbench::testbed
