// pktbench-dpdk: receives with DPDK for the dpdk backend, which starts it in the device's network
// namespace and speaks with it over kControlFd (protocol.hpp). Of no use by hand.
//
// Threads: the main lcore sleeps in recv() and answers; the other lcores poll.
#include <rte_launch.h>
#include <rte_lcore.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/common/stamps.hpp"
#include "backends/common/workload.hpp"
#include "backends/dpdk/dpdk_port.hpp"
#include "backends/dpdk/poll_loop.hpp"
#include "backends/dpdk/protocol.hpp"
#include "backends/dpdk/send_loop.hpp"
#include "harness/sys/detached_mount.hpp"
#include "harness/sys/mapped.hpp"
#include "harness/sys/memory_wire.hpp"
#include "harness/sys/standard_streams.hpp"

namespace pktbench::dpdk {

namespace {

struct Lcore {
  explicit Lcore(udp::TagCheck tag) : ours(tag) {}

  PollConfig config;
  std::shared_ptr<backends::WorkloadState> state;
  udp::TagCheck ours;                 // tells this trial's frames, where they are stamped
  sys::MemoryWire* orders = nullptr;  // where the driver makes a frame for every poll
  const std::atomic<bool>* stop = nullptr;
  std::atomic<pid_t> tid{0};  // writer: the lcore
};

int sending_main(void* argument) {
  static_cast<Sender*>(argument)->run();
  return 0;
}

int lcore_main(void* argument) {
  Lcore& lcore = *static_cast<Lcore*>(argument);
  lcore.tid.store(gettid(), std::memory_order_release);
  const auto run = [&](auto workload) -> Result<void> {
    if (lcore.orders)
      poll_when_ordered(lcore.config, workload, *lcore.orders, *lcore.stop);
    else
      poll_loop(lcore.config, workload, *lcore.stop);
    return {};
  };
  const auto recording = [&](auto workload) -> Result<void> {
    if (lcore.config.stamps.empty()) return run(workload);
    return run(backends::Stamped<decltype(workload)>(
        workload, lcore.config.stamps[lcore.config.first], lcore.ours));
  };
  return backends::with_workload(lcore.state->workload().name, lcore.state, recording) ? 0 : -1;
}

template <std::size_t N>
void put_all(NamedCount (&to)[N], const std::map<std::string, std::uint64_t>& counts) {
  std::size_t at = 0;
  for (const auto& [name, frames] : counts) {
    if (at == N) return;
    put(to[at].name, name);
    to[at++].frames = frames;
  }
}

// What an earlier sender has left.
void reset(sys::MemoryWire& wire) {
  wire.shut = true;
  wire.served = wire.orders.load();
  wire.packets = wire.refused = wire.since_open = wire.started_ns = 0;
  wire.returned = wire.strays = 0;
  wire.sender = 0;
  wire.self_made = wire.ready = false;
  wire.lateness = {};
  wire.came_back = {};
}

class Helper {
 public:
  // Says whether it receives, and goes on until it is told to stop. Returns the exit status.
  int run(const Setup& setup) {
    Ready ready;
    const auto up = start(setup, ready);
    ready.ok = up.ok();
    if (!up) {
      ready.unsupported = up.error().code == ErrorCode::unsupported;
      put(ready.error, up.error().message);
    }
    (void)send(kControlFd, &ready, sizeof ready, MSG_NOSIGNAL);
    if (!up) return 1;
    const auto served = serve();
    stop_.store(true, std::memory_order_relaxed);
    if (wire_) wire_->shut.store(true, std::memory_order_relaxed);
    rte_eal_mp_wait_lcore();
    if (wire_) wire_->ready.store(false, std::memory_order_relaxed);
    if (!served) std::fprintf(stderr, "%s\n", served.error().message.c_str());
    return served ? 0 : 1;
  }

 private:
  Result<void> start(const Setup& setup, Ready& ready) {
    if (setup.wire) {
      if (auto r = sys::map_wire(kPumpOrWireFd).into(wire_); !r) return r.error();
      reset(*wire_);
    }
    if (setup.stamped)
      if (auto r = sys::map_shared<pb_stamps[]>(kStampsFd, setup.queues, PROT_READ | PROT_WRITE,
                                                "map the counts of stamped frames")
                       .into(stamps_);
          !r)
        return r;
    if (auto r = port_.open(setup, ready); !r) return r;
    launch(setup);
    if (wire_) launch_sender(setup);
    ready.tids[0] = gettid();
    for (std::size_t i = 0; i < lcores_.size(); ++i) ready.tids[i + 1] = lcores_[i].tid;
    return {};
  }

  void launch(const Setup& setup) {
    for (std::uint32_t i = 0; i < setup.lcores; ++i) {
      Lcore& lcore = lcores_.emplace_back(
          udp::TagCheck(setup.trial_tag, setup.ipv6 ? PB6_OFF_TAG : PB_OFF_TAG));
      lcore.config = {.queues = port_.queues(),
                      .ways_out = port_.ways_out(),
                      .counters = queues_,
                      .stamps = std::span(stamps_.get(), setup.stamped ? setup.queues : 0),
                      .first = static_cast<std::uint16_t>(i),
                      .stride = static_cast<std::uint16_t>(setup.lcores),
                      .burst = static_cast<std::uint16_t>(setup.burst),
                      .idle = setup.idle,
                      .spin_us = setup.spin_us,
                      .pump_fd = kPumpOrWireFd,
                      .sockets = port_.sockets()};
      lcore.state = std::make_shared<backends::WorkloadState>(setup.workload);
      lcore.state->ports().assign(setup.filter_ports);
      lcore.state->hop() = setup.hop;
      lcore.stop = &stop_;
      if (port_.memory() && port_.memory()->self_made) lcore.orders = wire_.get();
      rte_eal_remote_launch(lcore_main, &lcore, i + 1);
    }
    for (Lcore& lcore : lcores_)
      while (lcore.tid.load(std::memory_order_acquire) == 0) usleep(100);
  }

  void launch_sender(const Setup& setup) {
    const MemoryPorts& ports = *port_.memory();
    if (!ports.self_made) {
      sender_.emplace(*wire_, ports, backends::workload_of(setup.workload).sends_back, stop_);
      rte_eal_remote_launch(sending_main, &*sender_, setup.lcores + 1);
    }
    while (!wire_->ready.load(std::memory_order_acquire)) usleep(100);
  }

  Result<void> serve() {
    Request request;
    while (recv(kControlFd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request) &&
           request.kind != Request::Kind::stop) {
      if (request.kind == Request::Kind::set_filtered)
        for (Lcore& lcore : lcores_) lcore.state->ports().set(request.udp_port, request.filtered);
      auto now = sample();
      if (!now) return now.error();
      (void)send(kControlFd, &*now, sizeof *now, MSG_NOSIGNAL);
    }
    return {};
  }

  Result<Sample> sample() {
    auto lost = port_.lost();
    if (!lost) return lost.error();
    Sample sample;
    put_all(sample.drops, lost->drops);
    std::uint64_t not_sent = lost->not_sent;
    for (std::size_t i = 0; i < port_.queues().size(); ++i) {
      const backends::LoopCounts read = queues_[i].load();
      sample.queues[i] = {read.packets, read.bytes, read.polls.busy, read.polls.idle};
      not_sent += read.not_sent;
    }
    std::map<std::string, std::uint64_t> details;
    for (const Lcore& lcore : lcores_)
      for (const auto& [name, frames] : lcore.state->details()) details[name] += frames;
    const backends::Workload& workload = lcores_.front().state->workload();
    if (workload.sends_back || workload.forwards) details["not_sent"] = not_sent;
    put_all(sample.details, details);
    return sample;
  }

  std::atomic<bool> stop_{false};
  sys::WireMapping wire_;            // null: frames come from a device
  sys::Mapped<pb_stamps[]> stamps_;  // null: frames are not stamped
  std::optional<Sender> sender_;
  DpdkPort port_;
  std::array<backends::LoopCounters, kMaxQueues> queues_;
  std::deque<Lcore> lcores_;  // which stay where they are
};

// libxdp keeps things in a bpffs and EAL in a folder: these here go with the process. Where they
// are not allowed, those who need them say so.
void keep_to_oneself(std::vector<sys::Fd>& mounts) {
  for (const auto& [type, variable] :
       {std::pair("bpf", "LIBXDP_BPFFS"), std::pair("tmpfs", "RUNTIME_DIRECTORY")}) {
    auto made = sys::detached_mount(type);
    if (!made) {
      std::fprintf(stderr, "%s\n", made.error().message.c_str());
      continue;
    }
    mounts.push_back(std::move(*made));
    setenv(variable, mounts.back().path().c_str(), 1);
  }
}

int main_helper() {
  // The parent alone stops it, or its end does.
  for (const int ending : {SIGINT, SIGTERM, SIGHUP}) std::signal(ending, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);

  Setup setup;
  if (recv(kControlFd, &setup, sizeof setup, 0) != static_cast<ssize_t>(sizeof setup) ||
      setup.version != kVersion) {
    std::fputs("pktbench-dpdk is started by pktbench's dpdk backend, not by hand\n", stderr);
    return 2;
  }
  if (getppid() != setup.parent) return 1;  // it died before prctl()
  std::vector<sys::Fd> mounts;
  keep_to_oneself(mounts);
  return Helper().run(setup);
}

}  // namespace

}  // namespace pktbench::dpdk

int main() {
  pktbench::sys::open_standard_streams();
  return pktbench::dpdk::main_helper();
}
