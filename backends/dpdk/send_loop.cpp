#include "backends/dpdk/send_loop.hpp"

#include <rte_mbuf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "backends/dpdk/passed_on.hpp"
#include "harness/core/pacer.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench::dpdk {

namespace {

constexpr std::uint32_t kMaxBatch = 512;
constexpr useconds_t kRestUs = 50;
constexpr std::size_t kMacBytes = 6;

std::uint32_t be32_at(const std::uint8_t* at) {
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

void Sender::run() {
  wire_.sender.store(sys::current_tid(), std::memory_order_relaxed);
  wire_.ready.store(true, std::memory_order_release);
  while (!stop_.load(std::memory_order_relaxed)) {
    const std::uint64_t order = wire_.orders.load(std::memory_order_acquire);
    if (order == wire_.served.load(std::memory_order_relaxed)) {
      if (takes_back_) take_back();
      usleep(kRestUs);
      continue;
    }
    if (sums_.length == 0) begin();
    send_until_shut();
    wire_.served.store(order, std::memory_order_release);
  }
}

// The frame is written into every buffer once; what differs between frames, when one is sent.
void Sender::begin() {
  const PassedOn frames_passed_on;
  sums_ = {wire_.ip_sum, wire_.udp_sum, wire_.base_address, wire_.frame_bytes};
  rte_mempool_obj_iter(
      pool_,
      [](rte_mempool*, void* wire, void* buffer, unsigned) {
        auto* mbuf = static_cast<rte_mbuf*>(buffer);
        rte_pktmbuf_reset_headroom(mbuf);
        const auto& w = *static_cast<sys::MemoryWire*>(wire);
        std::memcpy(rte_pktmbuf_mtod(mbuf, void*), w.frame, w.frame_bytes);
      },
      &wire_);
}

void Sender::fill(rte_mbuf* frame, std::uint64_t due_ns) {
  auto* bytes = rte_pktmbuf_mtod(frame, std::uint8_t*);
  if (takes_back_) std::memcpy(bytes, wire_.frame, sums_.length);
  if (wire_.ipv6)
    pb_frame6_stamp_due(bytes, &sums_, flow_, seq_++, due_ns);
  else
    pb_frame_stamp_due(bytes, &sums_, flow_, seq_++, due_ns);
  flow_ = flow_ + 1 < wire_.flows ? flow_ + 1 : 0;
  frame->data_len = static_cast<std::uint16_t>(sums_.length);
  frame->pkt_len = sums_.length;
}

// Per batch: one bulk allocation, the driver's transmit, two relaxed stores; paced, one clock read
// per turn. Per frame: pb_frame_stamp(), about 30 ALU operations and 8 stores. Stamped: one
// division, and pb_count_delay().
void Sender::send_until_shut() {
  std::array<rte_mbuf*, kMaxBatch> frames;
  const std::uint64_t limit = wire_.limit.load(std::memory_order_relaxed);
  const double rate = wire_.rate_pps.load(std::memory_order_relaxed);
  const std::uint64_t before = wire_.packets.load(std::memory_order_relaxed);
  const auto shut = [&] {
    return wire_.shut.load(std::memory_order_relaxed) || stop_.load(std::memory_order_relaxed);
  };
  std::uint64_t sent = 0;
  const std::uint64_t started_ns = shut() ? 0 : sys::monotonic_ns();
  wire_.started_ns.store(started_ns, std::memory_order_relaxed);
  Pacer pacer(rate > 0 ? rate : 1, started_ns);
  while (sent < limit && !shut()) {
    auto count = static_cast<unsigned>(std::min<std::uint64_t>(wire_.batch, limit - sent));
    if (takes_back_) take_back();
    std::uint64_t due_ns = 0;
    if (rate > 0) {
      const std::uint64_t now_ns = sys::monotonic_ns();
      if ((count = pacer.take(now_ns, sent, count)) == 0) continue;
      if (wire_.stamped) {
        due_ns = pacer.due_at(sent);
        pb_count_delay(&wire_.lateness, due_ns, now_ns);
      }
    }
    const PassedOn frames_passed_on;
    if (rte_pktmbuf_alloc_bulk(pool_, frames.data(), count) != 0) {
      wire_.refused.store(++refused_, std::memory_order_relaxed);
      continue;
    }
    for (unsigned i = 0; i < count; ++i) fill(frames[i], due_ns);
    unsigned done = 0;
    while (done < count) {
      done += rte_eth_tx_burst(port_, 0, frames.data() + done,
                               static_cast<std::uint16_t>(count - done));
      if (done == count) break;
      wire_.refused.store(++refused_, std::memory_order_relaxed);
      if (takes_back_) take_back();
      if (shut()) break;
    }
    if (done < count) {
      rte_pktmbuf_free_bulk(frames.data() + done, count - done);
      seq_ -= count - done;
      flow_ = static_cast<std::uint32_t>(seq_ % wire_.flows);
    }
    sent += done;
    wire_.packets.store(before + sent, std::memory_order_relaxed);
  }
  wire_.since_open.store(sent, std::memory_order_relaxed);
}

void Sender::take_back() {
  const PassedOn frames_passed_on;
  std::array<rte_mbuf*, 32> frames;
  const std::uint16_t count = rte_eth_rx_burst(port_, 0, frames.data(), frames.size());
  if (count == 0) return;
  std::uint64_t ours = 0;
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto* frame = rte_pktmbuf_mtod(frames[i], const std::uint8_t*);
    // From whom ours was: the generator.
    const bool addressed = std::equal(frame, frame + kMacBytes, wire_.frame + kMacBytes);
    const auto tag = static_cast<std::size_t>(wire_.ipv6 ? PB6_OFF_TAG : PB_OFF_TAG);
    const auto trial = tag + offsetof(pb_tag, trial);
    if (addressed && rte_pktmbuf_data_len(frames[i]) == sums_.length &&
        be32_at(frame + tag) == be32_at(wire_.frame + tag) &&
        be32_at(frame + trial) == be32_at(wire_.frame + trial)) {
      ++ours;
      if (wire_.stamped) pb_count_stamp(&wire_.came_back, frame + tag, sys::monotonic_ns());
    }
  }
  wire_.returned.fetch_add(ours, std::memory_order_relaxed);
  wire_.strays.fetch_add(count - ours, std::memory_order_relaxed);
  rte_pktmbuf_free_bulk(frames.data(), count);
}

}  // namespace pktbench::dpdk
