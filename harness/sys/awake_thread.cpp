#include "harness/sys/awake_thread.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <cerrno>
#include <map>
#include <string>

#include "harness/sys/cpu.hpp"
#include "harness/sys/spin.hpp"

namespace pktbench::sys {

namespace {

Result<void> set_policy(pid_t tid, int policy) {
  const sched_param parameter{};
  if (sched_setscheduler(tid, policy, &parameter) == 0) return {};
  return system_error("set the policy of the thread that keeps a CPU awake", errno);
}

}  // namespace

Result<std::shared_ptr<AwakeThread>> AwakeThread::on(int cpu) {
  static std::map<int, std::weak_ptr<AwakeThread>> by_cpu;
  if (auto there = by_cpu[cpu].lock()) return there;
  std::shared_ptr<AwakeThread> made(new AwakeThread);
  // Signals of the process are for threads that run soon.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto tid = start_pinned(made->thread_, cpu, [&stop = made->stop_] {
    // Without the yield EEVDF may let it go on until the next tick although somebody has woken up:
    // who has just run is not eligible for a moment, against a thread that is all but never due.
    while (!stop.load(std::memory_order_relaxed)) {
      spin_once();
      sched_yield();
    }
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!tid) return tid.error();
  made->tid_ = *tid;
  if (auto r = set_policy(*tid, SCHED_IDLE); !r) return r.error();
  by_cpu[cpu] = made;
  return made;
}

AwakeThread::~AwakeThread() {
  if (!thread_.joinable()) return;
  stop_ = true;
  if (tid_) (void)set_policy(tid_, SCHED_OTHER);  // else it ends when the others let it run
  thread_.join();
}

}  // namespace pktbench::sys
