// Testbed `veth`: two namespaces and a veth pair on this machine.
//
//   pktbench<N>-gen: pbgen<N>, 198.18.0.1 to .4      pktbench<N>-dut: pbdut<N>, 198.18.1.1
//
// <N> is the first number free on this host. IPv6 is off but for cases that need it, and neighbours
// are static, so that no
// frame but the generator's is ever counted. GRO is on at the DUT, which gives the device NAPI and
// lets it take redirected frames without an XDP program; TSO and checksum offload are off at the
// generator, so that a stack sender's frames go through NAPI too and carry whole checksums.
//
// Arrangements, which are never compared with each other:
//   isolated  the DUT's NAPI is threaded and pinned to the DUT's CPU, as is the application
//   pump      the DUT's NAPI is run by the receiving thread itself, when it has nothing else to do;
//             for a backend without one, by a thread that does only that
//   inline    NAPI runs as softirq where it is raised: in the generator's CPU
#include <fcntl.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "harness/measure/cpu_distance.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testbed/host_testbed.hpp"
#include "harness/testbed/kept_awake.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/testbed/testbeds.hpp"
#include "harness/testbed/veth_ends.hpp"
#include "harness/undo/device_setting.hpp"

namespace pktbench::testbed {

namespace {

class VethTestbed final : public HostTestbed {
 public:
  explicit VethTestbed(MakeReturnSink make_sink) : generator_(std::move(make_sink)) {
    has_ends(generator_, dut_);
    generator_.faces(dut_);
    dut_.faces(generator_);
  }

  Result<void> up(const Options& options, QueueRange queues) override {
    arrangement_ = option<std::string>(options, "arrangement");
    fifo_ = option<std::string>(options, "napi_policy") == "fifo";
    if (auto r = choose_cpus(options, "veth", queues, generator_, dut_); !r) return r;
    auto made = make([&]() -> Result<void> {
      const auto spaces = make_two_namespaces(*journal_);
      if (!spaces) return spaces.error();
      generator_.made.name = fmt::format("pbgen{}", spaces->number);
      dut_.made.name = fmt::format("pbdut{}", spaces->number);
      generator_.made.netns_path = spaces->generator;
      dut_.made.netns_path = spaces->dut;
      if (auto r = KeptAwake::open(option<std::string>(options, "dut_idle"), dut_.made.cpus,
                                   arrangement_ != "pump", *journal_)
                       .into(awake_);
          !r)
        return r;
      return wire();
    });
    if (made)
      sources_.push_back(
          measure::cpu_distance_source(generator_.made.cpus.front(), dut_.made.cpus.front()));
    return made;
  }

  // A device that goes down loses its neighbours and its NAPI; one that is deleted takes its peer
  // along.
  Result<std::vector<std::string>> mend() override {
    const auto found = look_at({&dut_, &generator_});
    if (!found) return found.error();
    if (found->gone.size() == 1)
      return make_error(
          ErrorCode::failed,
          "{} is gone: somebody renamed it, or moved it out of {}; start the run again",
          found->gone.front(), dut_.made.netns_path);
    if (found->gone.empty() && found->down.empty()) return gro_again();
    dut_.stop_pump();
    const Result<void> mended = found->gone.empty() ? bring_up() : wire();
    if (!mended) return mended.error();
    if (found->gone.empty()) return up_again(found->down);
    return std::vector{dut_.made.name + " was gone: somebody deleted it; it is made anew"};
  }
  Result<void> use_frames(const TrafficSpec& traffic) override {
    if (auto r = dut_.use_frames(traffic); !r) return r;
    return generator_.use_frames(traffic);
  }
  std::string arrangement() const override { return arrangement_; }
  std::string dut_idle() const override { return awake_ ? awake_->how() : ""; }
  std::vector<pid_t> idle_threads() const override {
    return awake_ ? awake_->threads() : std::vector<pid_t>{};
  }

  Result<void> down() noexcept override {
    awake_.reset();
    generator_.release_returned();
    dut_.stop_pump();
    return HostTestbed::down();
  }

 private:
  // A pair has the queues that it was made with.
  Result<void> make_queues() override {
    if (auto r = pump_reaches_all(); !r) return r;
    dut_.stop_pump();
    const auto gone = dut_.remove();
    return gone ? wire() : gone;
  }

  Result<void> pump_reaches_all() const {
    if (arrangement_ == "pump" && dut_.made.queues > 1)
      return make_error(
          ErrorCode::unsupported,
          "arrangement pump drives the NAPI of one queue, not of {}; set the scenario's "
          "\"queues\" to 1, or /testbed/arrangement to \"isolated\"",
          dut_.made.queues);
    return {};
  }

  // REQUIRES: the namespaces, and no device in them.
  Result<void> wire() {
    if (auto r = pump_reaches_all(); !r) return r;
    generator_.made.queues = dut_.made.queues;
    if (auto r = make_link(); !r) return r;
    for (VethEnd* end : {static_cast<VethEnd*>(&generator_), static_cast<VethEnd*>(&dut_)})
      if (auto r = end->begin(); !r) return r;
    if (auto r = generator_.set({{"tso", "off"}, {"tx-checksum", "off"}}); !r) return r;
    return bring_up();
  }

  // The pair is made inside the namespaces: no interface of the host's own is touched, and removing
  // the namespaces removes it.
  Result<void> make_link() const {
    const Port& dut = dut_.made;
    sys::Fd peer(open(dut.netns_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!peer) return system_error("open " + dut.netns_path, errno);
    auto inside = sys::NetnsScope::enter(generator_.made.netns_path);
    if (!inside) return inside.error();
    return sys::create_veth_pair(generator_.made.name, dut.name, peer.get(), dut.queues);
  }

  // The order matters twice. The end that comes up first silently drops what it sends until the
  // kernel's link watcher has run, so that is the DUT's. And the generator's end learns that it may
  // redirect frames to the DUT's when GRO is switched on there, not when a device with GRO comes
  // up.
  Result<void> bring_up() {
    if (auto r = dut_.bring_up(); !r) return r;
    if (auto r = generator_.bring_up(); !r) return r;
    if (auto r = dut_.meet_other(); !r) return r;
    if (auto r = generator_.meet_other(); !r) return r;
    if (auto r = dut_.set({{"gro", "off"}, {"gro", "on"}}); !r) return r;
    return arrange();
  }
  Result<void> arrange() { return dut_.arrange(arrangement_, fifo_); }

  // Without it redirected frames reach the DUT only while a native XDP program is there, and NAPI
  // goes with the program.
  Result<std::vector<std::string>> gro_again() {
    const auto gro = dut_.get("gro");
    if (!gro) return gro.error();
    if (*gro == "on") return std::vector<std::string>{};
    if (auto r = dut_.set({{"gro", "on"}}); !r) return r.error();
    if (auto r = arrange(); !r) return r.error();
    return std::vector{"GRO of " + dut_.made.name + " was switched off; it is on again"};
  }

  std::string arrangement_;
  bool fifo_ = false;
  VethGenerator generator_;
  VethDut dut_;
  std::optional<KeptAwake> awake_;
};

}  // namespace

TestbedType veth_testbed(MakeReturnSink make_sink) {
  return {.name = "veth",
          .summary = "two namespaces and a veth pair on this machine",
          .options = {choice_option("arrangement", {"isolated", "pump", "inline"},
                                    "where the DUT's NAPI runs: in a thread of its own, in the "
                                    "receiving thread, or in the generator's CPU"),
                      generator_cpu_option(),
                      dut_cpu_option(
                          "CPUs of the DUT's NAPI and application, one a queue; auto: as many as "
                          "there are, the last first"),
                      choice_option(
                          "napi_policy", {"other", "fifo"},
                          "scheduling policy of the NAPI thread: SCHED_OTHER or SCHED_FIFO 1"),
                      dut_idle_option()},
          .probe = probe_napi_threads,
          .make = [make_sink = std::move(make_sink)] {
            return std::make_unique<VethTestbed>(make_sink);
          }};
}

}  // namespace pktbench::testbed
