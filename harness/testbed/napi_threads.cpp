#include "harness/testbed/napi_threads.hpp"

#include <sched.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "harness/sys/cpu.hpp"
#include "harness/sys/proc.hpp"
#include "harness/testbed/two_cpus.hpp"

namespace pktbench::testbed {

std::string probe_napi_threads() {
  if (std::string missing = probe_two_cpus(); !missing.empty()) return missing;
  if (!sys::in_host_pid_namespace())
    return "needs the host's PID namespace, to find NAPI threads (a container's --pid=host)";
  return "";
}

std::vector<pid_t> softirq_threads(const std::vector<int>& cpus) {
  std::vector<pid_t> threads;
  for (const int cpu : cpus)
    for (const pid_t thread : sys::threads_named("ksoftirqd/" + std::to_string(cpu)))
      threads.push_back(thread);
  return threads;
}

Result<std::vector<pid_t>> place_napi_threads(const Port& port, bool fifo) {
  std::vector<pid_t> threads;
  for (int attempt = 0; attempt < 100 && threads.size() < port.queues; ++attempt) {
    if (attempt) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    // napi/DEVICE-ID; the device's name is unique on this host.
    threads = sys::threads_named("napi/" + port.name + "-");
  }
  if (threads.size() < port.queues)
    return make_error(ErrorCode::failed, "the kernel made " + std::to_string(threads.size()) +
                                             " NAPI threads for " + port.name + " instead of " +
                                             std::to_string(port.queues));
  for (pid_t thread : threads) {
    if (auto r = sys::pin_thread(thread, port.cpus.front()); !r) return r.error();
    sched_param parameter{};
    parameter.sched_priority = fifo ? 1 : 0;
    if (sched_setscheduler(thread, fifo ? SCHED_FIFO : SCHED_OTHER, &parameter) != 0)
      return system_error("set the policy of NAPI thread " + std::to_string(thread), errno);
  }
  return threads;
}

}  // namespace pktbench::testbed
