#include "backends/dpdk/dpdk.hpp"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <filesystem>
#include <string>
#include <utility>

#include "backends/common/bounded_spin.hpp"
#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/common/workload_state.hpp"
#include "backends/dpdk/drivers.hpp"
#include "backends/dpdk/helper_process.hpp"
#include "harness/core/units.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/memory_wire.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/sys/xdp_hook.hpp"

namespace pktbench::backends {

namespace {

using dpdk::kMaxQueues;

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
  std::error_code ignored;
  for (const auto& size :
       std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", ignored)) {
    const std::string name = size.path().filename();  // "hugepages-2048kB"
    const auto free = sys::read_number(size.path() / "free_hugepages");
    if (free && name.starts_with("hugepages-"))
      kb += std::strtoull(name.c_str() + 10, nullptr, 10) * static_cast<std::uint64_t>(*free);
  }
  return kb / 1024;
}

// Some reasons are only in what net_af_xdp and libxdp print: their errors are EINVAL and EPERM.
void explain(Error& e, const dpdk::Setup& setup) {
  const auto printed = [&](const char* words) { return e.detail.find(words) != std::string::npos; };
  const std::string device = setup.device;
  if (printed("does not support XDP") || printed("native mode")) {
    e.code = ErrorCode::unsupported;
    e.message = "the driver of " + device +
                " has no native XDP, which net_af_xdp needs; use driver net_af_packet";
  }
}

class Dpdk final : public CleanStart, public FilterControl {
 public:
  ~Dpdk() override { stop(); }

  std::string takes(const BackendConfig& config) const override {
    const std::string driver = dpdk::driver_for(config);
    return dpdk::is_pci_address(driver) ? driver : std::string();
  }
  Result<Counters> sample() override;
  std::vector<pid_t> threads() const override;
  std::vector<std::uint32_t> programs() const override {
    return xdp_program_id_ ? std::vector<std::uint32_t>{xdp_program_id_}
                           : std::vector<std::uint32_t>{};
  }
  void stop() noexcept override;
  Result<void> set_filtered(std::uint16_t udp_port, bool filtered) override;

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override;
  Result<dpdk::Setup> set_up(const BackendConfig& config);
  Result<EffectiveMode> start_inside(dpdk::Setup setup);

  Port port_;
  std::string workload_;
  dpdk::HelperProcess helper_;
  dpdk::Ready ready_;
  bool attaches_xdp_ = false;  // and the device had no program before
  bool huge_pages_needed_ = false;
  unsigned xdp_program_id_ = 0;  // the driver's; 0: not known
  SpinTime spin_;                // where it sleeps
};

Result<dpdk::Setup> Dpdk::set_up(const BackendConfig& config) {
  const Port& port = config.port;
  const std::string driver = dpdk::driver_for(config);
  const auto number = [&](const char* name) {
    return static_cast<std::uint32_t>(option<std::int64_t>(config.options, name));
  };
  if (const std::string why = dpdk::wrong_port(driver, port); !why.empty())
    return make_error(ErrorCode::unsupported, why);
  if (driver == "net_null" && config.workload != "drop" && config.workload != "touch")
    return make_error(ErrorCode::unsupported,
                      "the frames that net_null makes have nothing in them for the workload " +
                          config.workload + "; it can do drop and touch");
  if (config.workload == "pass") return make_error(ErrorCode::unsupported, kCannotPass);
  if (auto r = needs_cpu(port); !r) return r.error();
  if (auto r = needs_queues(port, kMaxQueues, "dpdk"); !r) return r.error();

  dpdk::Setup setup;
  setup.parent = getpid();
  dpdk::put(setup.driver, driver);
  dpdk::put(setup.device, port.name);
  setup.wire = port.wire_fd >= 0;
  setup.frame_bytes = buffer_length(config.frame_size);
  dpdk::put(setup.workload, config.workload);
  setup.trial_tag = config.trial_tag;
  PortSet(setup.filter_ports).assign(config.filter_ports);
  setup.queues = port.queues;
  setup.burst = number("burst");
  // As DPDK's own programs do. What net_null does for a frame grows with the frames in a burst.
  if (setup.burst == 0) setup.burst = driver == "net_null" ? 16 : 32;
  setup.descriptors = number("descriptors");
  setup.busy_budget = number("busy_budget");
  if (!std::has_single_bit(setup.descriptors))
    return make_error(ErrorCode::invalid_input, "descriptors: " + driver + " needs a power of two");
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
    spin_ = spin_time(port, setup.lcores, number("spin_us"));
    setup.spin_us = spin_.us;
  }
  if (setup.wire) {
    auto wire = sys::map_wire(port.wire_fd);
    if (!wire) return wire.error();
    setup.generator_cpu = (*wire)->generator_cpu;
  }
  // A queue has at most 23,552 buffers of 2.5 kB.
  setup.memory_mb = 80 + 64 * setup.queues;
  const auto& huge = option<std::string>(config.options, "huge_pages");
  const std::uint64_t free = huge == "off" ? 0 : free_huge_page_mb();
  setup.huge_pages = huge != "off" && free >= setup.memory_mb;
  huge_pages_needed_ = huge == "on";
  if (huge_pages_needed_ && !setup.huge_pages)
    return make_error(ErrorCode::unsupported,
                      "DPDK needs {} MB of free huge pages, there are {}; write to "
                      "/proc/sys/vm/nr_hugepages, or set \"huge_pages\": \"auto\"",
                      setup.memory_mb, free);
  return setup;
}

Result<EffectiveMode> Dpdk::begin(const BackendConfig& config) {
  auto setup = set_up(config);
  if (!setup) return setup.error();
  port_ = config.port;
  workload_ = config.workload;
  auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return inside.error();
  return start_inside(*setup);
}

// REQUIRES: the calling thread is in the port's namespace.
Result<EffectiveMode> Dpdk::start_inside(dpdk::Setup setup) {
  if (const std::string without = not_built(); !without.empty())
    return make_error(ErrorCode::unsupported, without);
  const auto helper = dpdk::find_helper();
  if (!helper) return helper.error();
  const std::string driver = setup.driver;
  if (driver == "net_af_xdp") {
    const auto link = sys::get_link(port_.name);
    if (!link) return link.error();
    if (link.value().xdp_program_id != 0) return sys::taken_by_another_program(port_.name);
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
  const int shared_fd = setup.wire ? port_.wire_fd : port_.pump_fd;
  auto ready = helper_.start(*helper, setup, shared_fd);
  // Free pages are anybody's until they are taken.
  if (!ready && setup.huge_pages && !huge_pages_needed_ &&
      ready.error().message.starts_with(dpdk::kInitialise)) {
    setup.huge_pages = false;
    ready = helper_.start(*helper, setup, shared_fd);
  }
  if (!ready) {
    Error e = ready.error();
    explain(e, setup);
    return e;
  }
  ready_ = *ready;
  EffectiveMode mode{"dpdk", "dpdk", {}};
  mode.details = {{"driver", ready_.driver},
                  {"dpdk", ready_.dpdk},
                  {"queues", std::to_string(ready_.queues)},
                  {"lcores", std::to_string(setup.lcores)},
                  {"burst", std::to_string(setup.burst)},
                  {"memory", setup.huge_pages ? "huge pages" : "no huge pages"},
                  {"idle", kIdles[static_cast<std::size_t>(setup.idle)]}};
  if (setup.idle == dpdk::Idle::poll) mode.details["spin_us"] = spin_.said;
  mode.details["descriptors"] = ready_.descriptors > 0 ? std::to_string(ready_.descriptors)
                                                       : std::to_string(setup.descriptors) +
                                                             " asked for; the driver does not tell";
  if (driver == "net_af_xdp") {
    const auto link = sys::get_link(port_.name);
    if (!link) return link.error();
    xdp_program_id_ = link.value().xdp_program_id;
    mode.details["xdp_mode"] = sys::xdp_hook_name(link.value().xdp_mode);
    mode.details["copy_mode"] = ready_.copy_mode[0] ? ready_.copy_mode : "unknown";
    mode.details["busy_budget"] = std::to_string(setup.busy_budget);
  } else if (driver == "net_af_packet") {
    mode.details["socket_filter"] = "this trial's frames";
  } else if (driver == "net_null") {
    mode.details["device"] = "none; virtual";
    mode.details["offered_by"] = "net_null: what it counts itself to have made, unasked by anybody";
  } else if (setup.wire) {
    mode.details["device"] = "none; virtual";
    mode.details["offered_by"] =
        fmt::format("a thread of the same process on CPU {}", setup.generator_cpu);
  }
  return mode;
}

Result<Counters> Dpdk::sample() {
  auto now = helper_.ask();
  if (!now) return now.error();
  Counters counters;
  for (unsigned queue = 0; queue < port_.queues; ++queue) {
    counters.packets += now->queues[queue].packets;
    counters.bytes += now->queues[queue].bytes;
    counters.per_queue.push_back(now->queues[queue].packets);
  }
  for (const auto& drop : now->drops)
    if (drop.name[0]) counters.drops[drop.name] = drop.frames;
  for (const auto& outcome : now->details)
    if (outcome.name[0]) counters.details[outcome.name] = outcome.frames;
  // The device's driver sees each of these as a redirect that failed.
  for (const char* place : {"af_xdp_rx_ring_full", "af_xdp_fill_ring_empty"})
    if (const auto at = counters.drops.find(place); at != counters.drops.end())
      counters.drops_at_device_too += at->second;
  return counters;
}

Result<void> Dpdk::set_filtered(std::uint16_t udp_port, bool filtered) {
  if (!helper_.running() || !workload_of(workload_).filters)
    return make_error(ErrorCode::failed, "dpdk does not run the workload filter");
  auto answered = helper_.ask(
      {.kind = dpdk::Request::Kind::set_filtered, .udp_port = udp_port, .filtered = filtered});
  if (!answered) return answered.error();
  return {};
}

std::vector<pid_t> Dpdk::threads() const {
  std::vector<pid_t> tids;
  if (helper_.running())
    for (pid_t tid : ready_.tids)
      if (tid > 0) tids.push_back(tid);
  return tids;
}

void Dpdk::stop() noexcept {
  helper_.stop();
  if (!attaches_xdp_) return;
  attaches_xdp_ = false;
  // The driver detaches its program, unless it had to be killed.
  const auto inside = sys::NetnsScope::enter(port_.netns_path);
  if (!inside) return;
  const auto link = sys::get_link(port_.name);
  if (!link || link.value().xdp_program_id == 0) return;
  if (xdp_program_id_ == 0 || xdp_program_id_ == link.value().xdp_program_id)
    (void)bpf_xdp_detach(static_cast<int>(link.value().ifindex), 0, nullptr);
  xdp_program_id_ = 0;
}

Unavailable probe() {
  if (std::string without = not_built(); !without.empty()) return without;
  if (const auto helper = dpdk::find_helper(); !helper) return helper.error().message;
  return without_root();
}

OptionSpec driver_option() {
  std::vector<std::string> names = dpdk::kernel_drivers();
  names.insert(names.end(), dpdk::memory_drivers().begin(), dpdk::memory_drivers().end());
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
      .cannot = {{"pass", kCannotPass}}};
}

}  // namespace pktbench::backends
