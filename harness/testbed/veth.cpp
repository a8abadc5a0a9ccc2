// Testbed `veth`: two namespaces and a veth pair on this machine.
//
//   pktbench<N>-gen: pbgen<N>, 198.18.0.1 to .4      pktbench<N>-dut: pbdut<N>, 198.18.1.1
//                    pbsink<N>                                        pbout<N>
//
// The second pair is made by the first case that forwards: what comes in at pbdut<N> for 192.0.2.1
// goes out of pbout<N>, and is counted and ends at pbsink<N>. Neither has an address.
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
  explicit VethTestbed(const MakeReturnSink& make_sink) : generator_(make_sink), sink_(make_sink) {
    has_ends(generator_, dut_);
    generator_.faces(dut_);
    dut_.faces(generator_);
    out_.faces(sink_);
    sink_.faces(out_);
    sink_.made.ipv4 = kBehindDut;
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
      sink_.made.name = fmt::format("pbsink{}", spaces->number);
      out_.made.name = fmt::format("pbout{}", spaces->number);
      generator_.made.netns_path = sink_.made.netns_path = spaces->generator;
      dut_.made.netns_path = out_.made.netns_path = spaces->dut;
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
  Result<void> use_second_ports() override {
    const bool stands = second_pair_stands();
    if (!stands)
      if (auto r = make_second_pair(); !r) return r;
    return generator_.reach_behind_other();
  }
  End* dut_out() override { return &out_; }
  End* generator_in() override { return &sink_; }
  std::string arrangement() const override { return arrangement_; }
  std::string dut_idle() const override { return awake_ ? awake_->how() : ""; }
  std::vector<pid_t> idle_threads() const override {
    return awake_ ? awake_->threads() : std::vector<pid_t>{};
  }

  Result<void> down() noexcept override {
    awake_.reset();
    generator_.release_returned();
    sink_.release_returned();
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
    if (auto r = make_link(generator_.made, dut_.made); !r) return r;
    for (VethEnd* end : {static_cast<VethEnd*>(&generator_), static_cast<VethEnd*>(&dut_)})
      if (auto r = end->begin_with_addresses(); !r) return r;
    if (auto r = generator_.set({{"tso", "off"}, {"tx-checksum", "off"}}); !r) return r;
    return bring_up();
  }

  // The pair is made inside the namespaces: no interface of the host's own is touched, and removing
  // the namespaces removes it.
  static Result<void> make_link(const Port& generator, const Port& dut) {
    sys::Fd peer(open(dut.netns_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!peer) return system_error("open " + dut.netns_path, errno);
    auto inside = sys::NetnsScope::enter(generator.netns_path);
    if (!inside) return inside.error();
    return sys::create_veth_pair(generator.name, dut.name, peer.get(), dut.queues);
  }

  // As it was made, whatever others did to it since, and with the queues of the first pair.
  bool second_pair_stands() const {
    if (out_.made.ifindex == 0 || out_.made.queues != dut_.made.queues) return false;
    const auto found = look_at({&out_, &sink_});
    return found && found->gone.empty() && found->down.empty();
  }

  // Frames go out of it only where its other end has NAPI, which the sink's program gives it.
  Result<void> make_second_pair() {
    for (const NetworkEnd* end :
         {static_cast<NetworkEnd*>(&out_), static_cast<NetworkEnd*>(&sink_)})
      if (sys::get_link(end->made))
        if (auto r = end->remove(); !r) return r;
    out_.made.queues = sink_.made.queues = dut_.made.queues;
    out_.made.cpus = dut_.made.cpus;
    sink_.made.cpus = generator_.made.cpus;
    if (auto r = make_link(sink_.made, out_.made); !r) return r;
    for (VethEnd* end : {static_cast<VethEnd*>(&sink_), static_cast<VethEnd*>(&out_)})
      if (auto r = end->begin(); !r) return r;
    if (auto r = sink_.bring_up(); !r) return r;
    return out_.bring_up();
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
  VethSink sink_;
  VethOut out_;
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
