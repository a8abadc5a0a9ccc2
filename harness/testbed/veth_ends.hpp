// The two ends of testbed `veth`: the sending one takes the frames that come back, the receiving
// one is where the arrangements differ.
//
// Frames sent back by the DUT's end need NAPI at the generator's, which the sink's XDP program
// gives it. That NAPI runs in threads on the generator's CPU, so that taking the frames is the
// generator's work; what the DUT pays is to put them into the ring and to wake the thread. The
// threads are SCHED_FIFO: the ring has 256 slots, and a generator that is always busy would
// otherwise keep the CPU for milliseconds.
//
// Threads: one controlling thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/return_sink.hpp"
#include "harness/testbed/napi_pump.hpp"
#include "harness/testbed/network_end.hpp"

namespace pktbench::testbed {

class VethEnd : public NetworkEnd {
 public:
  explicit VethEnd(measure::PortEnd side) : NetworkEnd(side) { driver_ = "veth"; }

  // Finds the device, which is new. Errors: `unsupported` where it does not count what it drops.
  Result<void> begin();
  // And gives it its addresses.
  Result<void> begin_with_addresses();

 protected:
  Result<DropCounts> drops_on_the_way_back() const override;
  // What the device itself dropped on receiving.
  Result<std::uint64_t> dropped_on_receiving() const;
  Result<void> set_mtu(unsigned mtu) override;
};

class VethGenerator : public VethEnd {
 public:
  explicit VethGenerator(MakeReturnSink make_sink) : VethEnd(measure::PortEnd::sender) {
    make_sink_ = std::move(make_sink);
  }

  Result<std::vector<pid_t>> take_returned(std::uint32_t trial_tag, bool stamped) override;
};

// The generator's second port, which takes what the DUT forwards. What does not get out of the
// DUT's second port is lost by the DUT, and its backend counts it.
class VethSink final : public VethGenerator {
 public:
  using VethGenerator::VethGenerator;

 private:
  Result<DropCounts> drops_on_the_way_back() const override;
};

// The DUT's second port, out of which it forwards.
class VethOut final : public VethEnd {
 public:
  VethOut() : VethEnd(measure::PortEnd::sender) {}
};

class VethDut final : public VethEnd {
 public:
  VethDut() : VethEnd(measure::PortEnd::receiver) {}

  // VETH_RING_SIZE of the kernel's drivers/net/veth.c.
  std::optional<unsigned> rx_ring() const override { return 256; }
  // Beside the kernel's threads that of the pump, where the backend has none to pump with.
  Result<std::vector<pid_t>> settle(bool polled) override;

  // REQUIRES: both ends are up and know each other.
  Result<void> arrange(const std::string& arrangement, bool fifo);
  void stop_pump() noexcept;

 private:
  std::unique_ptr<NapiPump> pump_;
};

}  // namespace pktbench::testbed
