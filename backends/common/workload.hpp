// Workloads in user space: what a polling backend does with each frame it has received. What they
// decide is in bpf/workload.h, which the programs in bpf/ compile too.
//
// A workload is a functor over a whole frame (Ethernet header first, no FCS). Backends are
// templates over it, so that there is no call per frame. Threads: one instance and one
// WorkloadState per polling thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "backends/common/workload_state.hpp"
#include "bpf/workload.h"
#include "harness/core/result.hpp"

namespace pktbench::backends {

enum class Verdict : std::uint8_t {
  drop,     // done with it
  pass,     // let it go on where the path has a way on; counted, else dropped
  reflect,  // addresses are swapped: send it back
};

// As the programs in bpf/ choose their action.
constexpr Verdict verdict_of(pb_outcome outcome) {
  if (outcome == PB_PASSED) return Verdict::pass;
  if (outcome == PB_REFLECTED) return Verdict::reflect;
  return Verdict::drop;
}

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

// The workloads that decide something: each counts what it decided, which is one load and store.
template <class Decide>
class Deciding {
 public:
  explicit Deciding(std::shared_ptr<WorkloadState> state) : state_(std::move(state)) {}

  Verdict operator()(std::uint8_t* frame, std::uint32_t length) {
    const pb_outcome outcome = Decide::decide(frame, frame + length, *state_);
    state_->count(outcome);
    return verdict_of(outcome);
  }

 private:
  std::shared_ptr<WorkloadState> state_;
};

// Per frame: the headers, byte by byte.
struct DecideParse {
  static pb_outcome decide(std::uint8_t* frame, std::uint8_t* end, WorkloadState&) {
    return pb_workload_parse(frame, end);
  }
};

// Per frame: the headers as far as IP, a hash and mostly one cache line of the table.
struct DecideCountPerIp {
  static pb_outcome decide(std::uint8_t* frame, std::uint8_t* end, WorkloadState& state) {
    pb_address source;
    const pb_outcome outcome = pb_workload_source(frame, end, &source);
    return outcome == PB_OK ? state.count_source(source) : outcome;
  }
};

// Per frame: the headers, and one word of the set.
struct DecideFilter {
  static pb_outcome decide(std::uint8_t* frame, std::uint8_t* end, WorkloadState& state) {
    return pb_workload_filter(frame, end, state.ports().words());
  }
};

// Per frame: the headers, some of them written to.
struct DecideReflect {
  static pb_outcome decide(std::uint8_t* frame, std::uint8_t* end, WorkloadState&) {
    return pb_workload_reflect(frame, end);
  }
};

// Per frame: nothing; the frame is not read.
struct DecidePass {
  static pb_outcome decide(std::uint8_t*, std::uint8_t*, WorkloadState&) { return PB_PASSED; }
};

using Parse = Deciding<DecideParse>;
using CountPerIp = Deciding<DecideCountPerIp>;
using Filter = Deciding<DecideFilter>;
using Reflect = Deciding<DecideReflect>;
using Pass = Deciding<DecidePass>;

// Calls run(workload) with the functor of that name and returns what it returns. The functor shares
// `state`, which the caller keeps for state->details() and state->ports(). Errors: `unsupported`
// for a name that is not here.
// REQUIRES: `state` was made for the same name.
template <class Run>
auto with_workload(const std::string& name, std::shared_ptr<WorkloadState> state, Run&& run)
    -> decltype(run(Drop{})) {
  if (name == "drop") return std::forward<Run>(run)(Drop{});
  if (name == "touch") return std::forward<Run>(run)(Touch{});
  if (name == "parse") return std::forward<Run>(run)(Parse{std::move(state)});
  if (name == "count-per-ip") return std::forward<Run>(run)(CountPerIp{std::move(state)});
  if (name == "filter") return std::forward<Run>(run)(Filter{std::move(state)});
  if (name == "reflect") return std::forward<Run>(run)(Reflect{std::move(state)});
  if (name == "pass") return std::forward<Run>(run)(Pass{std::move(state)});
  return make_error(ErrorCode::unsupported, "no workload \"" + name + "\" in user space");
}

// For a caller that does not show what the workload counts.
template <class Run>
auto with_workload(const std::string& name, Run&& run) -> decltype(run(Drop{})) {
  return with_workload(name, std::make_shared<WorkloadState>(name), std::forward<Run>(run));
}

}  // namespace pktbench::backends
