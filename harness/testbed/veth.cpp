#include "harness/testbed/veth.hpp"

#include <fcntl.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "harness/measure/cpu_distance.hpp"
#include "harness/measure/cpu_meter.hpp"
#include "harness/measure/disturbance.hpp"
#include "harness/measure/driver_counters.hpp"
#include "harness/measure/foreign_programs.hpp"
#include "harness/measure/thread_watch.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testbed/kept_awake.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/testbed/napi_pump.hpp"
#include "harness/testbed/napi_threads.hpp"
#include "harness/testbed/port_check.hpp"
#include "harness/testbed/two_cpus.hpp"
#include "harness/testbed/veth_return.hpp"
#include "harness/testbed/wall_clock.hpp"
#include "harness/undo/device_setting.hpp"
#include "harness/undo/journal.hpp"

namespace pktbench::testbed {

namespace {

constexpr const char* kRingFull = "veth_ring_full";
constexpr const char* kReceiveDrops = "veth_rx";
constexpr unsigned kRing = 256;  // VETH_RING_SIZE of the kernel's drivers/net/veth.c

// What the port's device lost by its own count, at `place`.
Result<std::uint64_t> drops_at(const Port& port, measure::PortEnd end, const std::string& place) {
  auto inside = sys::NetnsScope::enter(port.netns_path);
  if (!inside) return inside.error();
  auto statistics = measure::read_device_statistics(port.name);
  if (!statistics) return statistics.error();
  const DropCounts drops = measure::drops_by_place("veth", end, *statistics);
  const auto found = drops.find(place);
  if (found == drops.end())
    return make_error(ErrorCode::unsupported,
                      "this kernel's veth does not count what it drops (" + place + ")");
  return found->second;
}

class VethTestbed final : public Testbed {
 public:
  explicit VethTestbed(MakeReturnSink make_sink) : make_sink_(std::move(make_sink)) {}
  ~VethTestbed() override { (void)down(); }

  Result<void> up(const Options& options, unsigned queues) override;
  const Port& generator_port() const override { return generator_; }
  const Port& dut_port() const override { return dut_; }
  Result<std::vector<std::string>> mend() override;
  Result<std::vector<pid_t>> settle(bool backend_polls) override;
  Result<std::vector<pid_t>> take_returned(std::uint32_t trial_tag) override;
  Result<Returned> returned() override;
  void release_returned() noexcept override { return_.reset(); }
  std::vector<std::uint32_t> programs() const override {
    return return_ ? std::vector{return_->program()} : std::vector<std::uint32_t>{};
  }
  Result<DropCounts> sample() override;
  std::string receive_drop_place() const override { return kReceiveDrops; }
  std::optional<unsigned> rx_ring() const override { return kRing; }
  std::vector<int> dut_softirq_cpus() const override;
  Clock& clock() override { return clock_; }
  CpuMeter& cpu_meter() override { return *meter_; }
  std::vector<DisturbanceSource*> disturbances() override;
  std::string arrangement() const override { return arrangement_; }
  std::string dut_idle() const override { return awake_ ? awake_->how() : ""; }
  std::vector<pid_t> idle_threads() const override {
    return awake_ ? awake_->threads() : std::vector<pid_t>{};
  }
  Result<void> down() noexcept override;

 private:
  Result<void> make_namespaces();
  Result<void> wire();
  Result<void> make_link();
  Result<void> configure_generator();
  Result<void> configure_dut();
  Result<void> bring_up();
  Result<void> arrange();
  Result<std::vector<std::string>> gro_again();
  bool threaded() const { return arrangement_ == "isolated"; }

  std::string arrangement_;
  std::string napi_policy_;
  std::optional<undo::Journal> journal_;
  Port generator_;
  Port dut_;
  WallClock clock_;
  std::unique_ptr<NapiPump> pump_;
  std::optional<KeptAwake> awake_;
  measure::DisturbanceSources disturbances_;
  MakeReturnSink make_sink_;
  std::unique_ptr<VethReturn> return_;
  std::unique_ptr<CpuMeter> meter_ = measure::make_cpu_meter();
};

Result<void> VethTestbed::up(const Options& options, unsigned queues) {
  arrangement_ = option<std::string>(options, "arrangement");
  napi_policy_ = option<std::string>(options, "napi_policy");
  auto cpus = choose_two_cpus(options, "veth");
  if (!cpus) return cpus.error();
  generator_.cpus = {cpus->generator};
  dut_.cpus = {cpus->dut};
  auto journal = undo::Journal::create();
  if (!journal) return journal.error();
  journal_.emplace(std::move(*journal));

  auto made = [&]() -> Result<void> {
    if (auto r = make_namespaces(); !r) return r;
    generator_.queues = dut_.queues = queues;
    auto awake = KeptAwake::open(option<std::string>(options, "dut_idle"), dut_.cpus.front(),
                                 arrangement_ != "pump", *journal_);
    if (!awake) return awake.error();
    awake_ = std::move(*awake);
    return wire();
  }();
  if (!made) {
    (void)down();
    return made;
  }
  disturbances_ = measure::host_disturbances(dut_.cpus, {generator_, dut_});
  disturbances_.push_back(measure::cpu_distance_source(generator_.cpus.front(), dut_.cpus.front()));
  disturbances_.push_back(measure::foreign_programs_source({generator_, dut_}));
  disturbances_.push_back(measure::thread_source(*meter_));
  return {};
}

Result<void> VethTestbed::make_namespaces() {
  auto made = make_two_namespaces(*journal_);
  if (!made) return made.error();
  const std::string number = std::to_string(made->number);
  generator_.name = "pbgen" + number;
  dut_.name = "pbdut" + number;
  generator_.netns_path = made->generator;
  dut_.netns_path = made->dut;
  return {};
}

// The pair is made inside the namespaces: no interface of the host's own is touched, and removing
// the namespaces removes it.
Result<void> VethTestbed::make_link() {
  sys::Fd peer(open(dut_.netns_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!peer) return system_error("open " + dut_.netns_path, errno);
  auto inside = sys::NetnsScope::enter(generator_.netns_path);
  if (!inside) return inside.error();
  return sys::create_veth_pair(generator_.name, dut_.name, peer.get(), dut_.queues);
}

// REQUIRES: the namespaces, and no device in them.
Result<void> VethTestbed::wire() {
  if (auto r = make_link(); !r) return r;
  if (auto r = configure_generator(); !r) return r;
  if (auto r = configure_dut(); !r) return r;
  return bring_up();
}

Result<void> VethTestbed::configure_generator() {
  auto inside = sys::NetnsScope::enter(generator_.netns_path);
  if (!inside) return inside.error();
  auto link = sys::get_link(generator_.name);
  if (!link) return link.error();
  generator_.ifindex = link->ifindex;
  generator_.mac = link->mac;
  generator_.ipv4 = kGeneratorAddress;
  if (auto r = add_addresses(generator_, kGeneratorAddresses); !r) return r;
  if (auto r = undo::set_device_setting(generator_.name, "tso", "off"); !r) return r;
  return undo::set_device_setting(generator_.name, "tx-checksum", "off");
}

Result<void> VethTestbed::configure_dut() {
  auto inside = sys::NetnsScope::enter(dut_.netns_path);
  if (!inside) return inside.error();
  auto link = sys::get_link(dut_.name);
  if (!link) return link.error();
  dut_.ifindex = link->ifindex;
  dut_.mac = link->mac;
  dut_.ipv4 = kDutAddress;
  return add_addresses(dut_, 1);
}

// The order matters twice. The end that comes up first silently drops what it sends until the
// kernel's link watcher has run, so that is the DUT's. And the generator's end learns that it may
// redirect frames to the DUT's when GRO is switched on there, not when a device with GRO comes up.
Result<void> VethTestbed::bring_up() {
  for (const Port* port : {&dut_, &generator_}) {
    auto inside = sys::NetnsScope::enter(port->netns_path);
    if (!inside) return inside.error();
    if (auto r = sys::set_link_up(port->ifindex); !r) return r;
  }
  if (auto r = add_neighbours(generator_, dut_); !r) return r;
  {
    auto inside = sys::NetnsScope::enter(dut_.netns_path);
    if (!inside) return inside.error();
    if (auto r = undo::set_device_setting(dut_.name, "gro", "off"); !r) return r;
    if (auto r = undo::set_device_setting(dut_.name, "gro", "on"); !r) return r;
  }
  return arrange();
}

Result<void> VethTestbed::arrange() {
  {
    auto inside = sys::NetnsScope::enter(dut_.netns_path);
    if (!inside) return inside.error();
    if (auto r = undo::set_device_setting(dut_.name, "threaded", threaded() ? "1" : "0");
        !r || arrangement_ != "pump")
      return r;
    // Long enough for the pump to come round; at 200 us the kernel polls by itself again and again.
    for (const auto& [setting, value] :
         {std::pair("napi_defer_hard_irqs", "100"), std::pair("gro_flush_timeout", "2000000")})
      if (auto r = undo::set_device_setting(dut_.name, setting, value); !r) return r;
  }
  auto opened = NapiPump::open(generator_, dut_);
  if (!opened) return opened.error();
  pump_ = std::move(*opened);
  dut_.pump_fd = pump_->fd();
  return {};
}

// A device that goes down loses its neighbours and its NAPI; one that is deleted takes its peer
// along.
Result<std::vector<std::string>> VethTestbed::mend() {
  const auto found = look_at({dut_, generator_});
  if (!found) return found.error();
  if (found->gone.size() == 1)
    return make_error(ErrorCode::failed, found->gone.front() +
                                             " is gone: somebody renamed it, or moved it out of " +
                                             dut_.netns_path + "; start the run again");
  if (found->gone.empty() && found->down.empty()) return gro_again();
  pump_.reset();
  const Result<void> mended = found->gone.empty() ? bring_up() : wire();
  if (!mended) return mended.error();
  if (found->gone.empty()) return up_again(found->down);
  return std::vector{dut_.name + " was gone: somebody deleted it; it is made anew"};
}

// Without it redirected frames reach the DUT only while a native XDP program is there, and NAPI
// goes with the program.
Result<std::vector<std::string>> VethTestbed::gro_again() {
  {
    auto inside = sys::NetnsScope::enter(dut_.netns_path);
    if (!inside) return inside.error();
    const auto gro = undo::get_device_setting(dut_.name, "gro");
    if (!gro) return gro.error();
    if (*gro == "on") return std::vector<std::string>{};
    if (auto r = undo::set_device_setting(dut_.name, "gro", "on"); !r) return r.error();
  }
  pump_.reset();
  if (auto r = arrange(); !r) return r.error();
  return std::vector{"GRO of " + dut_.name + " was switched off; it is on again"};
}

Result<std::vector<pid_t>> VethTestbed::settle(bool backend_polls) {
  if (!threaded()) {
    std::vector<pid_t> threads = softirq_threads(dut_softirq_cpus());
    if (!pump_) return threads;
    pump_->stop_thread();
    if (backend_polls) return threads;
    auto thread = pump_->start_thread(dut_.cpus.front());
    if (!thread) return thread.error();
    threads.push_back(*thread);
    return threads;
  }
  return place_napi_threads(dut_, napi_policy_ == "fifo");
}

Result<std::vector<pid_t>> VethTestbed::take_returned(std::uint32_t trial_tag) {
  auto opened = VethReturn::open(make_sink_(), generator_, dut_, trial_tag);
  if (!opened) return opened.error();
  return_ = std::move(*opened);
  return return_->threads();
}

Result<Returned> VethTestbed::returned() {
  if (!return_) return make_error(ErrorCode::failed, "nothing takes the frames that come back");
  return return_->sample();
}

Result<DropCounts> VethTestbed::sample() {
  // A redirected frame that found the DUT's ring full. A stack sender is told, and offers the frame
  // again: the link's tx_dropped counts its attempts, which are no frames lost.
  auto ring_full = drops_at(generator_, measure::PortEnd::sender, kRingFull);
  if (!ring_full) return ring_full.error();
  auto received = drops_at(dut_, measure::PortEnd::receiver, kReceiveDrops);
  if (!received) return received.error();
  return DropCounts{{kRingFull, *ring_full}, {kReceiveDrops, *received}};
}

std::vector<int> VethTestbed::dut_softirq_cpus() const {
  // NAPI in threads of its own leaves no softirq to the DUT: what there is, is somebody else's.
  if (threaded()) return {};
  std::vector<int> cpus = dut_.cpus;
  // Without NAPI threads the DUT's softirqs run where the generator raises them; in `pump` that is
  // where the pump came too late.
  cpus.insert(cpus.end(), generator_.cpus.begin(), generator_.cpus.end());
  return cpus;
}

std::vector<DisturbanceSource*> VethTestbed::disturbances() {
  std::vector<DisturbanceSource*> sources;
  for (const auto& source : disturbances_) sources.push_back(source.get());
  return sources;
}

Result<void> VethTestbed::down() noexcept {
  disturbances_.clear();
  awake_.reset();
  return_.reset();
  pump_.reset();
  dut_.pump_fd = -1;
  if (!journal_) return {};
  // A failure leaves the journal for `pktbench restore`.
  auto undone = journal_->undo_all();
  journal_.reset();
  return undone;
}

}  // namespace

TestbedType veth_testbed(MakeReturnSink make_sink) {
  return {
      .name = "veth",
      .summary = "two namespaces and a veth pair on this machine",
      .touches_host = true,
      .is_virtual = true,
      .options =
          {{.name = "arrangement",
            .default_value = std::string("isolated"),
            .choices = {"isolated", "pump", "inline"},
            .min = {},
            .max = {},
            .help =
                "where the DUT's NAPI runs: in a thread of its own, in the receiving thread, or "
                "in the generator's CPU"},
           generator_cpu_option(),
           dut_cpu_option("CPU of the DUT's NAPI and application; -1: the last"),
           {.name = "napi_policy",
            .default_value = std::string("other"),
            .choices = {"other", "fifo"},
            .min = {},
            .max = {},
            .help = "scheduling policy of the NAPI thread: SCHED_OTHER or SCHED_FIFO 1"},
           dut_idle_option()},
      .probe = probe_napi_threads,
      .make = [make_sink = std::move(make_sink)] {
        return std::make_unique<VethTestbed>(make_sink);
      }};
}

}  // namespace pktbench::testbed
