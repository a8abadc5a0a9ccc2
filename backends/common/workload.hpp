// Workloads in user space: what a polling backend does with each frame it has received. The same
// decisions are made in the kernel by the programs in bpf/.
//
// A workload is a functor over a whole frame (Ethernet header first, no FCS). Backends are
// templates over it, so that there is no call per frame. Threads: one instance per polling thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "harness/core/result.hpp"

namespace pktbench::backends {

enum class Verdict : std::uint8_t {
  drop,     // done with it
  pass,     // let it go on where the path has a way on; counted, else dropped
  reflect,  // addresses are swapped: send it back
};

// Per frame: nothing; the frame is not read.
struct Drop {
  Verdict operator()(std::uint8_t*, std::uint32_t) const { return Verdict::drop; }
};

// Per frame: one read of its first cache line.
struct Touch {
  Verdict operator()(std::uint8_t* frame, std::uint32_t) {
    sink = *const_cast<volatile std::uint8_t*>(frame);
    return Verdict::drop;
  }
  std::uint8_t sink = 0;
};

// Calls run(workload) with the functor of that name and returns what it returns. Errors:
// `unsupported` for a name that is not here.
template <class Run>
auto with_workload(const std::string& name, Run&& run) -> decltype(run(Drop{})) {
  if (name == "drop") return std::forward<Run>(run)(Drop{});
  if (name == "touch") return std::forward<Run>(run)(Touch{});
  return make_error(ErrorCode::unsupported, "no workload \"" + name + "\" in user space");
}

}  // namespace pktbench::backends
