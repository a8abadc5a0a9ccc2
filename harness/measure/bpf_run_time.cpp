#include "harness/measure/bpf_run_time.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <string>

namespace pktbench::measure {

Result<BpfRunTimeMeter> BpfRunTimeMeter::start(const std::vector<std::uint32_t>& programs) {
  BpfRunTimeMeter meter;
  meter.statistics_ = sys::Fd(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!meter.statistics_) {
    Error e = system_error("switch on the kernel's BPF statistics", errno);
    if (e.sys_errno == EINVAL) e.code = ErrorCode::unsupported;  // an unknown command
    return e;
  }
  for (const std::uint32_t id : programs) {
    sys::Fd program(bpf_prog_get_fd_by_id(id));
    if (!program) return system_error(fmt::format("open BPF program {}", id), errno);
    meter.programs_.push_back(std::move(program));
  }
  return meter;
}

Result<BpfRunTime> BpfRunTimeMeter::sample() const {
  BpfRunTime sum;
  for (const sys::Fd& program : programs_) {
    bpf_prog_info info{};
    __u32 size = sizeof info;
    if (const int error = bpf_obj_get_info_by_fd(program.get(), &info, &size))
      return system_error("read the run time of a BPF program", -error);
    sum.ns += info.run_time_ns;
    sum.runs += info.run_cnt;
  }
  return sum;
}

}  // namespace pktbench::measure
