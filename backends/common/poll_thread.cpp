#include "backends/common/poll_thread.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <future>
#include <utility>

#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

Result<void> PollThread::start(const Port& port, int cpu, Loop loop) {
  stop();
  wake_ = sys::Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return system_error("make an eventfd", errno);
  stop_.store(false, std::memory_order_relaxed);
  error_.store(0, std::memory_order_relaxed);
  counters_.store(0, 0, 0, 0);
  for (auto* counter : {&counters_.not_sent, &counters_.busy_ticks, &counters_.idle_ticks})
    counter->store(0, std::memory_order_relaxed);
  std::promise<Result<pid_t>> up;
  auto ready = up.get_future();
  // `up` lives until its promise is kept, and no longer.
  thread_ = std::thread([this, &up, netns = port.netns_path, cpu, loop = std::move(loop)] {
    auto inside = sys::NetnsScope::enter(netns);
    const Result<void> pinned = inside ? sys::pin_thread(0, cpu) : inside.error();
    if (!pinned) {
      up.set_value(pinned.error());
      return;
    }
    up.set_value(sys::current_tid());
    error_.store(loop(*this), std::memory_order_release);
  });
  auto tid = ready.get();
  if (!tid) {
    stop();
    return tid.error();
  }
  tid_ = *tid;
  return {};
}

void PollThread::stop(const std::function<void()>& wake) noexcept {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_relaxed);
  (void)eventfd_write(wake_.get(), 1);
  if (wake) wake();
  thread_.join();
  wake_.reset();
}

}  // namespace pktbench::backends
