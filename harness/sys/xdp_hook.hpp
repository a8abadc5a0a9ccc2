// An XDP program on a port, and what the kernel says of it. REQUIRES: the calling thread is in the
// port's namespace.
//
// Threads: one controlling thread.
#pragma once

#include <cstdint>
#include <string>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::sys {

struct ProgramInfo {
  std::uint32_t id = 0;
  const char* jited = "no";  // or "yes": it was compiled
};
// Of any BPF program.
Result<ProgramInfo> program_info(int program);

// An XDP program that runs on a port.
struct AttachedXdp {
  Fd link;  // the program is detached when it goes, also when this process dies
  ProgramInfo program = {};
  int mode = 0;  // as LinkInfo::xdp_mode
};
// Errors: `unsupported` with `remedy` where the driver has no native XDP; `refused` where the
// device has a program of somebody else's; `failed` where it then says that it runs another one.
Result<AttachedXdp> attach_xdp(const Port& port, int program, std::uint32_t flags,
                               const std::string& remedy);
Error taken_by_another_program(const std::string& device);

// "native", "generic", "offload" or "none", of LinkInfo::xdp_mode.
const char* xdp_hook_name(int attached);

}  // namespace pktbench::sys
