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
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/common/workload.hpp"
#include "backends/dpdk/dpdk_port.hpp"
#include "backends/dpdk/poll_loop.hpp"
#include "backends/dpdk/protocol.hpp"
#include "backends/dpdk/send_loop.hpp"
#include "harness/sys/detached_mount.hpp"
#include "harness/sys/memory_wire.hpp"
#include "harness/sys/standard_streams.hpp"

namespace pktbench::dpdk {

namespace {

struct Lcore {
  PollConfig config;
  std::string workload;
  std::shared_ptr<backends::WorkloadState> state;
  sys::MemoryWire* orders = nullptr;  // where the driver makes a frame for every poll
  const std::atomic<bool>* stop = nullptr;
  std::atomic<pid_t> tid{0};  // writer: the lcore
};

struct SendingLcore {
  Sender sender;
  const std::atomic<bool>* stop;
};

int sending_main(void* argument) {
  SendingLcore& lcore = *static_cast<SendingLcore*>(argument);
  lcore.sender.run(*lcore.stop);
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
  return backends::with_workload(lcore.workload, lcore.state, run) ? 0 : -1;
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
}

class Helper {
 public:
  // Until it is told to stop.
  Result<void> run(const Setup& setup);

  // It has said that it receives.
  bool ready() const { return ready_; }

 private:
  void launch(const Setup& setup);
  void launch_sender(const Setup& setup);
  Result<void> serve();
  Result<Sample> sample();

  std::atomic<bool> stop_{false};
  std::optional<sys::WireMapping> wire_;
  std::optional<SendingLcore> sending_;
  DpdkPort port_;
  std::array<backends::LoopCounters, kMaxQueues> queues_;
  std::array<Lcore, kMaxQueues> lcores_;
  std::span<Lcore> running_;
  bool ready_ = false;
};

void Helper::launch(const Setup& setup) {
  running_ = std::span(lcores_).first(setup.lcores);
  for (std::uint32_t i = 0; i < setup.lcores; ++i) {
    Lcore& lcore = running_[i];
    lcore.config = {.queues = port_.queues(),
                    .counters = queues_,
                    .first = static_cast<std::uint16_t>(i),
                    .stride = static_cast<std::uint16_t>(setup.lcores),
                    .burst = static_cast<std::uint16_t>(setup.burst),
                    .idle = setup.idle,
                    .spin_us = setup.spin_us,
                    .pump_fd = kPumpOrWireFd,
                    .sockets = port_.sockets()};
    lcore.workload = setup.workload;
    lcore.state = std::make_shared<backends::WorkloadState>(lcore.workload);
    lcore.state->ports().assign(setup.filter_ports);
    lcore.stop = &stop_;
    if (port_.memory() && port_.memory()->self_made) lcore.orders = &**wire_;
    rte_eal_remote_launch(lcore_main, &lcore, i + 1);
  }
  for (Lcore& lcore : running_)
    while (lcore.tid.load(std::memory_order_acquire) == 0) usleep(100);
}

void Helper::launch_sender(const Setup& setup) {
  sys::MemoryWire& wire = **wire_;
  const MemoryPorts& ports = *port_.memory();
  if (!ports.self_made) {
    sending_.emplace(SendingLcore{
        {wire, ports.send, ports.pool, backends::workload_of(setup.workload).sends_back}, &stop_});
    rte_eal_remote_launch(sending_main, &*sending_, setup.lcores + 1);
  }
  while (!wire.ready.load(std::memory_order_acquire)) usleep(100);
}

Result<Sample> Helper::sample() {
  auto lost = port_.lost();
  if (!lost) return lost.error();
  Sample sample;
  put_all(sample.drops, lost->drops);
  std::uint64_t not_sent = lost->not_sent;
  for (std::size_t i = 0; i < port_.queues().size(); ++i) {
    const backends::LoopCounts read = queues_[i].load();
    sample.queues[i].packets = read.packets;
    sample.queues[i].bytes = read.bytes;
    not_sent += read.not_sent;
  }
  std::map<std::string, std::uint64_t> details;
  for (const Lcore& lcore : running_)
    for (const auto& [name, frames] : lcore.state->details()) details[name] += frames;
  if (running_.front().state->workload().sends_back) details["not_sent"] = not_sent;
  put_all(sample.details, details);
  return sample;
}

Result<void> Helper::run(const Setup& setup) {
  if (setup.wire) {
    if (auto r = sys::map_wire(kPumpOrWireFd).into(wire_); !r) return r.error();
    reset(**wire_);
  }
  if (auto r = port_.open(setup); !r) return r;
  launch(setup);
  if (wire_) launch_sender(setup);
  Ready ready;
  ready.ok = true;
  port_.describe(ready);
  ready.tids[0] = gettid();
  for (std::uint32_t i = 0; i < setup.lcores; ++i) ready.tids[i + 1] = lcores_[i].tid;
  (void)send(kControlFd, &ready, sizeof ready, MSG_NOSIGNAL);
  ready_ = true;
  auto result = serve();
  stop_.store(true, std::memory_order_relaxed);
  if (wire_) (*wire_)->shut.store(true, std::memory_order_relaxed);
  rte_eal_mp_wait_lcore();
  if (wire_) (*wire_)->ready.store(false, std::memory_order_relaxed);
  return result;
}

Result<void> Helper::serve() {
  Request request;
  while (recv(kControlFd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request) &&
         request.kind != Request::Kind::stop) {
    if (request.kind == Request::Kind::set_filtered)
      for (Lcore& lcore : running_) lcore.state->ports().set(request.udp_port, request.filtered);
    auto now = sample();
    if (!now) return now.error();
    (void)send(kControlFd, &*now, sizeof *now, MSG_NOSIGNAL);
  }
  return {};
}

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
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
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
  Helper helper;
  const auto ran = helper.run(setup);
  if (ran) return 0;
  std::fprintf(stderr, "%s\n", ran.error().message.c_str());
  if (helper.ready()) return 1;
  Ready ready;
  ready.unsupported = ran.error().code == ErrorCode::unsupported;
  put(ready.error, ran.error().message);
  (void)send(kControlFd, &ready, sizeof ready, MSG_NOSIGNAL);
  return 1;
}

}  // namespace

}  // namespace pktbench::dpdk

int main() {
  pktbench::sys::open_standard_streams();
  return pktbench::dpdk::main_helper();
}
