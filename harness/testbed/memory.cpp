// Testbed `memory`: two CPUs and no device. Frames go from a generator to a receiver through memory
// that one process holds, so that what is measured is the receiving loop and its driver alone.
#include <optional>

#include "harness/sys/memory_wire.hpp"
#include "harness/testbed/host_testbed.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/testbed/testbeds.hpp"

namespace pktbench::testbed {

namespace {

// Frames that come back are counted in the wire, by the sender.
class MemoryGenerator final : public LocalEnd, public DelayRecorder {
 public:
  // By the tag and address of the frame that the source gives it.
  Result<std::vector<pid_t>> take_returned(std::uint32_t, bool) override {
    if (auto r = sys::map_wire(made.wire_fd).into(mapped_); !r) return r.error();
    before_ = {};
    before_ = *returned();
    const pid_t sender = mapped_->sender.load();
    return sender > 0 ? std::vector{sender} : std::vector<pid_t>{};
  }
  Result<Returned> returned() override {
    if (!mapped_) return End::returned();
    Returned now;
    now.packets = mapped_->returned.load() - before_.packets;
    now.strays = mapped_->strays.load() - before_.strays;
    return now;
  }
  DelayRecorder* returned_delays() override { return this; }
  Result<std::vector<DelayCounts>> delays() override {
    return std::vector{stamp_counts(mapped_->came_back)};
  }
  void release_returned() noexcept override { mapped_.reset(); }

 private:
  sys::WireMapping mapped_;  // null: nothing is taken
  Returned before_;
};

// Nothing is between the ends that could drop: what finds no room is offered again.
class MemoryTestbed final : public HostTestbed {
 public:
  MemoryTestbed() { has_ends(generator_, dut_); }

  Result<void> up(const Options& options, QueueRange queues) override {
    if (auto r = choose_cpus(options, "memory", queues, generator_, dut_); !r) return r;
    if (auto r = sys::make_wire(generator_.made.cpus.front()).into(wire_); !r) return r;
    generator_.made.mac = {2, 0, 0, 0, 0, 1};
    dut_.made.mac = {2, 0, 0, 0, 0, 2};
    // As on veth, so that the frames are the same.
    generator_.made.ipv4 = kGeneratorAddress;
    dut_.made.ipv4 = kDutAddress;
    for (Port* port : {&generator_.made, &dut_.made}) {
      port->name = "memory";
      port->wire_fd = wire_.get();
    }
    return {};
  }
  Result<void> down() noexcept override {
    generator_.release_returned();
    wire_.reset();
    generator_.made.wire_fd = dut_.made.wire_fd = -1;
    return HostTestbed::down();
  }

 private:
  sys::Fd wire_;
  MemoryGenerator generator_;
  LocalEnd dut_;
};

}  // namespace

TestbedType memory_testbed() {
  return {.name = "memory",
          .summary = "two CPUs and no device: what a receiving loop can do by itself",
          .options = {generator_cpu_option(),
                      dut_cpu_option("CPUs of the DUT's application, one a queue; auto: the last")},
          .probe = probe_two_cpus,
          .make = [] { return std::make_unique<MemoryTestbed>(); },
          .medium = Medium::memory};
}

}  // namespace pktbench::testbed
