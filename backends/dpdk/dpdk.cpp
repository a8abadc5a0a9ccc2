// The backend `dpdk`: a DPDK poll-mode driver, in a process of its own.
//
// EAL can be initialised only once in a process, so that each start() runs a helper program,
// pktbench-dpdk, in the port's namespace. Its lcores poll on the port's CPUs, one a queue where
// there are as many CPUs; its main lcore sleeps on the first of them.
//
// Over a kernel device: net_af_xdp, which needs native XDP and takes every frame that comes, and
// net_af_packet, which shares the device with the kernel's stack and takes this trial's.
//
// Without a device, on the testbed `memory`: net_virtio_user against a vhost port and net_ring,
// filled by another thread of the helper on the generator's CPU, and net_null, which makes a frame
// whenever it is asked: there, offered is what the driver counts to have made while the gate was
// open.
//
// A PCI address: a device that DPDK drives itself, where it is the testbed's port.
//
// Frames to be reflected that the driver did not take are freed, and counted in the detail
// `not_sent`. `forward` needs a second port of the same driver over the DUT's second device: those
// that this did not take are the drops dpdk_not_sent, and what the kernel's driver under it did not
// take out_port_refused.
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "backends/common/bounded_spin.hpp"
#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/common/out_port.hpp"
#include "backends/common/workload_state.hpp"
#include "backends/dpdk/drivers.hpp"
#include "backends/dpdk/helper_process.hpp"
#include "bpf/stamp.h"
#include "harness/core/delays.hpp"
#include "harness/core/units.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/mapped.hpp"
#include "harness/sys/memory_wire.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/sys/xdp_hook.hpp"

namespace pktbench::backends {

namespace {

using dpdk::kMaxQueues;

constexpr const char* kNotStamped =
    "a poll-mode driver gives frames without the kernel's stamps, and none here asks for the "
    "port's";
constexpr const char* kCannotPass =
    "a poll-mode driver owns every frame that it receives: there is no stack to pass it to";

// In the order of dpdk::Idle.
constexpr std::array kIdles = {"poll", "yield", "spin", "pump"};

std::string not_built() {
  const std::string missing = PKTBENCH_DPDK_MISSING;
  return missing.empty() ? missing : "built without DPDK: " + missing;
}

// Huge pages of any size that nobody has taken.
std::uint64_t free_huge_page_mb() {
  std::uint64_t kb = 0;
  for (const auto& size : sys::entries_of("/sys/kernel/mm/hugepages")) {
    const std::string name = size.filename();  // "hugepages-2048kB"
    const auto free = sys::read_number(size / "free_hugepages");
    if (free && name.starts_with("hugepages-"))
      kb += std::strtoull(name.c_str() + 10, nullptr, 10) * static_cast<std::uint64_t>(*free);
  }
  return kb / 1024;
}

class Dpdk final : public CleanStart, public FilterControl, public DelayRecorder {
 public:
  ~Dpdk() override { stop(); }

  std::string takes(const BackendConfig& config) const override {
    const std::string driver = dpdk::driver_for(config);
    return dpdk::is_pci_address(driver) ? driver : std::string();
  }

  Result<Counters> sample() override {
    auto now = helper_.ask();
    if (!now) return now.error();
    Counters counters;
    PollTicks polls;
    for (unsigned queue = 0; queue < port_.queues; ++queue) {
      counters.packets += now->queues[queue].packets;
      counters.bytes += now->queues[queue].bytes;
      counters.per_queue.push_back(now->queues[queue].packets);
      polls += {now->queues[queue].busy_ticks, now->queues[queue].idle_ticks};
    }
    if (spins_) counters.polls = polls;
    for (const auto& drop : now->drops)
      if (drop.name[0]) counters.drops[drop.name] = drop.frames;
    for (const auto& outcome : now->details)
      if (outcome.name[0]) counters.details[outcome.name] = outcome.frames;
    // The device's driver sees each of these as a redirect that failed.
    for (const char* place : {"af_xdp_rx_ring_full", "af_xdp_fill_ring_empty"})
      if (const auto at = counters.drops.find(place); at != counters.drops.end())
        counters.drops_at_device_too += at->second;
    if (out_)
      if (auto r = without_lost(counters); !r) return r.error();
    return counters;
  }

  Result<std::vector<DelayCounts>> delays() override {
    std::vector<DelayCounts> made;
    for (unsigned queue = 0; queue < port_.queues; ++queue)
      made.push_back(stamp_counts(stamps_[queue]));
    return made;
  }

  std::vector<pid_t> threads() const override {
    std::vector<pid_t> tids;
    if (helper_.running())
      for (pid_t tid : ready_.tids)
        if (tid > 0) tids.push_back(tid);
    return tids;
  }

  std::vector<std::uint32_t> programs() const override {
    return xdp_program_id_ ? std::vector<std::uint32_t>{xdp_program_id_}
                           : std::vector<std::uint32_t>{};
  }

  void stop() noexcept override {
    helper_.stop();
    out_.reset();
    if (!attaches_xdp_) return;
    attaches_xdp_ = false;
    // The driver detaches its programs, unless it had to be killed.
    if (const auto inside = sys::NetnsScope::enter(port_.netns_path)) {
      detach(port_.name, xdp_program_id_);
      if (!out_name_.empty()) detach(out_name_, 0);
    }
    xdp_program_id_ = 0;
  }

  Result<void> set_filtered(std::uint16_t udp_port, bool filtered) override {
    if (!helper_.running() || !workload_of(workload_).filters)
      return make_error(ErrorCode::failed, "dpdk does not run the workload filter");
    auto answered = helper_.ask(
        {.kind = dpdk::Request::Kind::set_filtered, .udp_port = udp_port, .filtered = filtered});
    if (!answered) return answered.error();
    return {};
  }

 private:
  // What is left on the device of program `id`, or of any where that is 0.
  static void detach(const std::string& device, unsigned id) noexcept {
    const auto link = sys::get_link(device);
    if (!link || link.value().xdp_program_id == 0) return;
    if (id == 0 || id == link.value().xdp_program_id)
      (void)bpf_xdp_detach(static_cast<int>(link.value().ifindex), 0, nullptr);
  }

  // Of `forward`: what did not get out of the second port was not received.
  Result<void> without_lost(Counters& counters) const {
    const std::uint64_t not_sent = std::exchange(counters.details["not_sent"], 0);
    counters.details.erase("not_sent");
    std::uint64_t& forwarded = counters.details["forwarded"];
    forwarded -= std::min(forwarded, not_sent);
    take_off(not_sent, counters);
    counters.drops["dpdk_not_sent"] = not_sent;
    return out_->count(counters);
  }

  Result<EffectiveMode> begin(const BackendConfig& config) override {
    dpdk::Setup setup;
    if (auto r = set_up(config).into(setup); !r) return r.error();
    port_ = config.port;
    out_name_ = setup.out_device;
    workload_ = config.workload;
    spins_ = dpdk::spins(setup.idle, setup.spin_us);
    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    if (const std::string without = not_built(); !without.empty())
      return make_error(ErrorCode::unsupported, without);
    const auto helper = dpdk::find_helper();
    if (!helper) return helper.error();
    const std::string driver = setup.driver;
    if (driver == "net_af_xdp") {
      for (const std::string& device : {port_.name, out_name_}) {
        if (device.empty()) continue;
        const auto link = sys::get_link(device);
        if (!link) return link.error();
        if (link.value().xdp_program_id != 0) return sys::taken_by_another_program(device);
      }
      attaches_xdp_ = true;
      xdp_program_id_ = 0;
    }
    if (driver == "net_af_xdp" && setup.queues > 1) {
      auto there = dpdk::rx_queues(port_);
      if (!there) return there.error();
      if (*there < setup.queues)
        return make_error(ErrorCode::unsupported, "{} has {} RX queues, not {}", port_.name, *there,
                          setup.queues);
    }
    if (config.stamped)
      if (auto r = make_stamps(setup.queues); !r) return r.error();
    if (config.hop)
      if (auto r = OutPort::open(config.hop->out).into(out_); !r) return r.error();
    if (auto r = start_helper(*helper, config, setup); !r) return r.error();
    return read_back(setup);
  }

  Result<void> make_stamps(unsigned queues) {
    stamps_fd_ = sys::Fd(memfd_create("pktbench-dpdk-stamps", MFD_CLOEXEC));
    if (!stamps_fd_) return system_error("make a memfd for the counts of stamped frames", errno);
    if (ftruncate(stamps_fd_.get(), static_cast<off_t>(queues * sizeof(pb_stamps))) != 0)
      return system_error("size a memfd for the counts of stamped frames", errno);
    return sys::map_shared<const pb_stamps[]>(stamps_fd_.get(), queues, PROT_READ,
                                              "map the counts of stamped frames")
        .into(stamps_);
  }

  // Without huge pages where `setup` says them and they have gone.
  Result<void> start_helper(const std::string& helper, const BackendConfig& config,
                            dpdk::Setup& setup) {
    const dpdk::Inherited files{setup.wire ? port_.wire_fd : port_.pump_fd,
                                setup.stamped ? stamps_fd_.get() : -1};
    auto started = helper_.start(helper, setup, files, ready_);
    // Free pages are anybody's until they are taken.
    if (!started && setup.huge_pages && ready_.eal_failed &&
        option<std::string>(config.options, "huge_pages") != "on") {
      setup.huge_pages = false;
      started = helper_.start(helper, setup, files, ready_);
    }
    if (started) return {};
    Error e = started.error();
    const auto printed = [&](const char* words) {
      return e.detail.find(words) != std::string::npos;
    };
    // The reason is only in what libxdp prints: its errors are EINVAL and EPERM.
    if (printed("does not support XDP") || printed("native mode")) {
      e.code = ErrorCode::unsupported;
      e.message = "the driver of " + port_.name +
                  " has no native XDP, which net_af_xdp needs; use driver net_af_packet";
    }
    return e;
  }

  Result<EffectiveMode> read_back(const dpdk::Setup& setup) {
    const std::string driver = setup.driver;
    EffectiveMode mode{"dpdk", "dpdk", {}};
    mode.details = {{"driver", ready_.driver},
                    {"dpdk", ready_.dpdk},
                    {"queues", std::to_string(ready_.queues)},
                    {"lcores", std::to_string(setup.lcores)},
                    {"burst", std::to_string(setup.burst)},
                    {"memory", setup.huge_pages ? "huge pages" : "no huge pages"},
                    {"idle", kIdles[static_cast<std::size_t>(setup.idle)]}};
    if (setup.idle == dpdk::Idle::poll) mode.details["spin_us"] = spin_.said;
    mode.details["descriptors"] =
        ready_.descriptors > 0
            ? std::to_string(ready_.descriptors)
            : std::to_string(setup.descriptors) + " asked for; the driver does not tell";
    if (driver == "net_af_xdp") {
      const auto link = sys::get_link(port_.name);
      if (!link) return link.error();
      xdp_program_id_ = link.value().xdp_program_id;
      mode.details["xdp_mode"] = sys::xdp_hook_name(link.value().xdp_mode);
      mode.details["copy_mode"] = ready_.copy_mode[0] ? ready_.copy_mode : "unknown";
      mode.details["busy_budget"] = std::to_string(setup.busy_budget);
    } else if (driver == "net_af_packet") {
      mode.details["socket_filter"] = "this trial's frames";
    } else if (setup.wire) {
      mode.details["device"] = "none; virtual";
      mode.details["offered_by"] =
          driver == "net_null"
              ? "net_null: what it counts itself to have made, unasked by anybody"
              : fmt::format("a thread of the same process on CPU {}", setup.generator_cpu);
    }
    return mode;
  }

  Result<dpdk::Setup> set_up(const BackendConfig& config) {
    const Port& port = config.port;
    const std::string driver = dpdk::driver_for(config);
    if (const std::string why = dpdk::wrong_port(driver, port); !why.empty())
      return make_error(ErrorCode::unsupported, why);
    if (driver == "net_null" && config.workload != "drop" && config.workload != "touch")
      return make_error(ErrorCode::unsupported,
                        "the frames that net_null makes have nothing in them for the workload " +
                            config.workload + "; it can do drop and touch");
    if (driver == "net_null" && config.stamped)
      return make_error(ErrorCode::unsupported,
                        "net_null makes its own frames, all alike: none says when it was due; use "
                        "net_ring or net_virtio_user");
    if (config.workload == "pass") return make_error(ErrorCode::unsupported, kCannotPass);
    const bool forwards = workload_of(config.workload).forwards;
    if (forwards && !config.hop)
      return make_error(ErrorCode::unsupported, "dpdk needs a second port to forward to");
    if (forwards && !dpdk::over_kernel_device(driver))
      return make_error(ErrorCode::unsupported,
                        "driver " + driver +
                            " has one device, and forward needs two; use net_af_xdp or "
                            "net_af_packet");
    if (config.traffic.frame_size > kMaxStandardFrameSize)
      return make_error(ErrorCode::unsupported,
                        "dpdk has one buffer of 2,048 bytes for a frame, and no scattered receive: "
                        "frames of up to {} bytes",
                        kMaxStandardFrameSize);
    if (auto r = needs_cpu(port); !r) return r.error();
    if (auto r = needs_queues(port, kMaxQueues, "dpdk"); !r) return r.error();

    dpdk::Setup setup;
    setup.parent = getpid();
    dpdk::put(setup.driver, driver);
    dpdk::put(setup.device, port.name);
    if (config.hop) {
      dpdk::put(setup.out_device, config.hop->out.name);
      setup.hop = header_of(*config.hop);
    }
    setup.wire = port.wire_fd >= 0;
    setup.frame_bytes = buffer_length(config.traffic.frame_size);
    setup.ipv6 = config.traffic.ip == 6;
    dpdk::put(setup.workload, config.workload);
    setup.trial_tag = config.trial_tag;
    PortSet(setup.filter_ports).assign(config.filter_ports);
    setup.queues = port.queues;
    setup.stamped = config.stamped;
    setup.burst = option<std::uint32_t>(config.options, "burst");
    // As DPDK's own programs do. What net_null does for a frame grows with the frames in a burst.
    if (setup.burst == 0) setup.burst = driver == "net_null" ? 16 : 32;
    setup.descriptors = option<std::uint32_t>(config.options, "descriptors");
    setup.busy_budget = option<std::uint32_t>(config.options, "busy_budget");
    if (!std::has_single_bit(setup.descriptors))
      return make_error(ErrorCode::invalid_input,
                        "descriptors: " + driver + " needs a power of two");
    setup.lcores = std::min(port.queues, static_cast<unsigned>(port.cpus.size()));
    std::copy_n(port.cpus.begin(), setup.lcores, setup.cpus);
    // Only a driver over a kernel device has sockets to sleep on.
    const auto& idle = option<std::string>(config.options, "idle");
    if (port.pump_fd >= 0)
      setup.idle = dpdk::Idle::pump;
    else if (!dpdk::over_kernel_device(driver))
      setup.idle = dpdk::Idle::spin;
    else if (idle == "auto")
      setup.idle = napi_in_threads(port) ? dpdk::Idle::poll : dpdk::Idle::spin;
    else
      setup.idle =
          static_cast<dpdk::Idle>(std::find(kIdles.begin(), kIdles.end(), idle) - kIdles.begin());
    if (setup.idle == dpdk::Idle::poll) {
      spin_ = spin_time(port, setup.lcores, option<std::uint32_t>(config.options, "spin_us"));
      setup.spin_us = spin_.us;
    }
    if (setup.wire) {
      auto wire = sys::map_wire(port.wire_fd);
      if (!wire) return wire.error();
      setup.generator_cpu = (*wire)->generator_cpu;
    }
    // A queue has at most 23,552 buffers of 2.5 kB.
    setup.memory_mb = 80 + 64 * setup.queues * (forwards ? 2 : 1);
    const auto& huge = option<std::string>(config.options, "huge_pages");
    const std::uint64_t free = huge == "off" ? 0 : free_huge_page_mb();
    setup.huge_pages = huge != "off" && free >= setup.memory_mb;
    if (huge == "on" && !setup.huge_pages)
      return make_error(ErrorCode::unsupported,
                        "DPDK needs {} MB of free huge pages, there are {}; write to "
                        "/proc/sys/vm/nr_hugepages, or set \"huge_pages\": \"auto\"",
                        setup.memory_mb, free);
    return setup;
  }

  Port port_;
  std::string out_name_;  // of a workload that forwards; else empty, as the next
  std::optional<OutPort> out_;
  std::string workload_;
  sys::Fd stamps_fd_;  // a memfd, that the helper writes to; none: frames are not stamped
  sys::Mapped<const pb_stamps[]> stamps_;  // the same
  dpdk::HelperProcess helper_;
  dpdk::Ready ready_;
  bool attaches_xdp_ = false;    // and the device had no program before
  unsigned xdp_program_id_ = 0;  // the driver's; 0: not known
  SpinTime spin_;                // where it sleeps
  bool spins_ = false;           // on an empty queue
};

Unavailable probe() {
  if (std::string without = not_built(); !without.empty()) return without;
  if (const auto helper = dpdk::find_helper(); !helper) return helper.error().message;
  return without_root();
}

OptionSpec driver_option() {
  std::vector<std::string> names(dpdk::kKernelDrivers.begin(), dpdk::kKernelDrivers.end());
  names.insert(names.end(), dpdk::kMemoryDrivers.begin(), dpdk::kMemoryDrivers.end());
  names.emplace_back(dpdk::kPortsOwn);
  OptionSpec option =
      choice_option("driver", std::move(names),
                    "net_af_*: over a kernel device; the next three: without a device, on "
                    "the testbed memory; pci: the port's own PCI device, taken from the "
                    "kernel; or that device's PCI address");
  option.pattern = dpdk::kPciAddress;
  return option;
}

}  // namespace

BackendType dpdk_backend() {
  return {
      .name = "dpdk",
      .summary = "a DPDK poll-mode driver, over a kernel device or none, in a process of its own",
      .workloads = workloads_but_pass(),
      .options =
          {driver_option(),
           number_option("burst", 0, 0, 512, "frames per poll at most; 0: 32, with net_null 16"),
           number_option("descriptors", 1024, 64, 4096, "receive ring in frames, a power of two"),
           choice_option("huge_pages", {"auto", "on", "off"},
                         "DPDK's memory; auto: huge pages where enough are free"),
           number_option("busy_budget", 0, 0, 65535,
                         "net_af_xdp: frames per kernel busy poll; 0: none"),
           choice_option("idle", {"auto", "poll", "yield", "spin"},
                         "on an empty poll: sleep until the kernel has frames, give the CPU to who "
                         "wants it, or poll again; auto: sleep where NAPI runs in threads, else "
                         "poll again; with a pump, pump"),
           spin_us_option()},
      .probe = probe,
      .make = [] { return std::make_unique<Dpdk>(); },
      .media = {Medium::network, Medium::memory},
      .cannot = {{"pass", kCannotPass}},
      .stamps = true,
      .cannot_stamp = {{Stamp::kernel, kNotStamped}, {Stamp::hardware, kNotStamped}}};
}

}  // namespace pktbench::backends
