#include "harness/testbed/veth_return.hpp"

#include "harness/sys/ethtool.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testbed/napi_threads.hpp"
#include "harness/undo/device_setting.hpp"

namespace pktbench::testbed {

Result<std::unique_ptr<VethReturn>> VethReturn::open(std::unique_ptr<ReturnSink> sink,
                                                     const Port& generator, const Port& dut,
                                                     std::uint32_t trial_tag) {
  std::unique_ptr<VethReturn> made(new VethReturn(std::move(sink), generator, dut));
  if (auto r = made->sink_->attach(generator, trial_tag); !r) return r.error();
  {
    auto inside = sys::NetnsScope::enter(generator.netns_path);
    if (!inside) return inside.error();
    // REQUIRES the sink's program, which gives the device NAPI.
    if (auto r = undo::set_device_setting(generator.name, "threaded", "1"); !r) return r.error();
  }
  auto threads = place_napi_threads(generator, true);
  if (!threads) return threads.error();
  made->threads_ = std::move(*threads);
  auto before = made->drops();
  if (!before) return before.error();
  made->before_ = std::move(*before);
  return made;
}

Result<DropCounts> VethReturn::drops() const {
  DropCounts drops;
  {
    auto inside = sys::NetnsScope::enter(dut_.netns_path);
    if (!inside) return inside.error();
    auto link = sys::get_link(dut_.name);
    if (!link) return link.error();
    // By XDP_TX or from a socket: what found the ring full.
    drops["veth_return_ring_full"] = link->tx_dropped;
  }
  auto inside = sys::NetnsScope::enter(generator_.netns_path);
  if (!inside) return inside.error();
  auto statistics = sys::driver_statistics(generator_.name);
  if (!statistics) return statistics.error();
  std::uint64_t& received = drops["veth_return_rx"] = 0;
  for (unsigned queue = 0; queue < generator_.queues; ++queue)
    received += (*statistics)["rx_queue_" + std::to_string(queue) + "_drops"];
  return drops;
}

Result<Returned> VethReturn::sample() {
  auto returned = sink_->sample();
  if (!returned) return returned;
  auto now = drops();
  if (!now) return now.error();
  for (const auto& [place, n] : *now) returned->drops[place] = n - before_[place];
  return returned;
}

}  // namespace pktbench::testbed
