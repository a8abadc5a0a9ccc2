// pktbench-dpdk: receives with DPDK for the dpdk backend, which starts it in the device's network
// namespace and speaks with it over kControlFd (protocol.hpp). Of no use by hand.
//
// Threads: the main lcore sleeps in recv() and answers; the other lcores poll.
#include <rte_launch.h>
#include <rte_lcore.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "backends/common/workload.hpp"
#include "backends/dpdk/dpdk_port.hpp"
#include "backends/dpdk/poll_loop.hpp"
#include "backends/dpdk/protocol.hpp"

namespace pktbench::dpdk {

namespace {

struct Lcore {
  PollConfig config;
  std::string workload;
  const std::atomic<bool>* stop = nullptr;
  std::atomic<pid_t> tid{0};  // writer: the lcore
};

int lcore_main(void* argument) {
  Lcore& lcore = *static_cast<Lcore*>(argument);
  lcore.tid.store(gettid(), std::memory_order_release);
  const auto run = [&](auto workload) -> Result<void> {
    poll_loop(lcore.config, workload, *lcore.stop);
    return {};
  };
  return backends::with_workload(lcore.workload, run) ? 0 : -1;
}

class Helper {
 public:
  // Until it is told to stop.
  Result<void> run(const Setup& setup);

  // It has said that it receives.
  bool ready() const { return ready_; }

 private:
  void launch(const Setup& setup);
  Result<Sample> sample();

  std::atomic<bool> stop_{false};
  DpdkPort port_;
  std::array<QueueCounters, kMaxQueues> queues_;
  std::array<Lcore, kMaxQueues> lcores_;
  std::uint32_t queue_count_ = 0;
  bool ready_ = false;
};

void Helper::launch(const Setup& setup) {
  queue_count_ = setup.queues;
  for (std::uint32_t i = 0; i < setup.lcores; ++i) {
    Lcore& lcore = lcores_[i];
    lcore.config = {.port = port_.id(),
                    .first_queue = static_cast<std::uint16_t>(i),
                    .stride = static_cast<std::uint16_t>(setup.lcores),
                    .burst = static_cast<std::uint16_t>(setup.burst),
                    .pump_fd = setup.pump ? kPumpFd : -1,
                    .yield = setup.yield,
                    .queues = std::span(queues_).first(setup.queues)};
    lcore.workload = setup.workload;
    lcore.stop = &stop_;
    rte_eal_remote_launch(lcore_main, &lcore, i + 1);
  }
  for (std::uint32_t i = 0; i < setup.lcores; ++i)
    while (lcores_[i].tid.load(std::memory_order_acquire) == 0) usleep(100);
}

Result<Sample> Helper::sample() {
  Sample sample;
  for (std::uint32_t i = 0; i < queue_count_; ++i) {
    sample.queues[i].packets = queues_[i].packets.load(std::memory_order_relaxed);
    sample.queues[i].bytes = queues_[i].bytes.load(std::memory_order_relaxed);
  }
  auto drops = port_.drops();
  if (!drops) return drops.error();
  std::size_t at = 0;
  for (const auto& [place, frames] : *drops) {
    if (at == std::size(sample.drops)) break;
    put(sample.drops[at].place, place);
    sample.drops[at++].frames = frames;
  }
  return sample;
}

Result<void> Helper::run(const Setup& setup) {
  if (auto r = port_.open(setup); !r) return r;
  launch(setup);
  Ready ready;
  ready.ok = true;
  port_.describe(ready);
  ready.tids[0] = gettid();
  for (std::uint32_t i = 0; i < setup.lcores; ++i) ready.tids[i + 1] = lcores_[i].tid;
  (void)send(kControlFd, &ready, sizeof ready, MSG_NOSIGNAL);
  ready_ = true;

  Request request = Request::stop;
  Result<void> result;
  while (result &&
         recv(kControlFd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request) &&
         request == Request::sample) {
    auto now = sample();
    if (now)
      (void)send(kControlFd, &*now, sizeof *now, MSG_NOSIGNAL);
    else
      result = now.error();
  }
  stop_.store(true, std::memory_order_relaxed);
  rte_eal_mp_wait_lcore();
  return result;
}

// libxdp keeps things in a bpffs and EAL in /run: here they go with the process. Where a mount is
// not allowed, those who need it say so.
void private_mounts() {
  if (unshare(CLONE_NEWNS) != 0 || mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") != 0 ||
      mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") != 0)
    std::perror("mount a private /sys/fs/bpf and /run");
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
  private_mounts();
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

int main() { return pktbench::dpdk::main_helper(); }
