#include "harness/testbed/kept_awake.hpp"

#include <utility>

#include "harness/sys/cpu_latency.hpp"

namespace pktbench::testbed {

OptionSpec dut_idle_option() {
  return choice_option("dut_idle", {"auto", "poll", "spin", "sleep"},
                       "what CPUs do while they are idle: poll in the kernel, so that waking costs "
                       "no more than it must; spin, the DUT's alone, in a SCHED_IDLE thread; or "
                       "sleep; auto: poll where the kernel can, else spin, and where the DUT's CPU "
                       "is never idle sleep");
}

Result<KeptAwake> KeptAwake::open(const std::string& wanted, const std::vector<int>& cpus,
                                  bool idle, undo::Journal& journal) {
  KeptAwake made;
  const std::string cannot = sys::cannot_poll_when_idle(cpus.front());
  if (wanted == "poll" && !cannot.empty())
    return make_error(ErrorCode::unsupported,
                      "CPU {} cannot be kept from sleeping: {}; set /testbed/dut_idle to \"auto\"",
                      cpus.front(), cannot);
  if (cannot.empty() && (wanted == "poll" || wanted == "auto")) {
    auto held = sys::hold_idle_polling();
    if (!held && wanted == "poll") return held.error();
    if (held) made.polling_ = std::move(*held);
  }
  // Somebody else may hold it, whatever was asked for here.
  made.how_ = cannot.empty() && sys::idle_polling_is_held() ? "poll" : "sleep";
  if (wanted != "spin" && !(wanted == "auto" && made.how_ == "sleep" && idle)) return made;
  // A thread that begins while autogroups are off is no part of its session's group, but of that of
  // the kernel's threads, NAPI's among them.
  const auto mark = journal.size();
  const auto alone =
      undo::apply(undo::kernel_file("/proc/sys/kernel/sched_autogroup_enabled"), "0", &journal);
  if (!alone) return alone.error();
  Result<void> started;
  for (const int cpu : cpus)
    if (started) started = sys::AwakeThread::on(cpu).into(made.threads_.emplace_back());
  if (auto r = journal.undo_since(mark); !r) return r.error();
  if (!started) return started.error();
  made.how_ = "spin";
  return made;
}

std::vector<pid_t> KeptAwake::threads() const {
  std::vector<pid_t> ids;
  for (const auto& thread : threads_) ids.push_back(thread->tid());
  return ids;
}

}  // namespace pktbench::testbed
