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
#include <tuple>
#include <type_traits>
#include <utility>

#include "backends/common/workload_state.hpp"
#include "bpf/workload.h"
#include "harness/core/result.hpp"

namespace pktbench::backends {

enum class Verdict : std::uint8_t {
  drop,     // done with it
  pass,     // let it go on where the path has a way on; counted, else dropped
  reflect,  // addresses are swapped: send it back
  forward,  // addresses are the next hop's: send it out of the second port
};

// As the programs in bpf/ choose their action.
constexpr Verdict verdict_of(pb_outcome outcome) {
  if (outcome == PB_PASSED) return Verdict::pass;
  if (outcome == PB_REFLECTED) return Verdict::reflect;
  if (outcome == PB_FORWARDED) return Verdict::forward;
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
template <pb_outcome (*decide)(std::uint8_t* frame, std::uint8_t* end, WorkloadState&)>
class Deciding {
 public:
  explicit Deciding(std::shared_ptr<WorkloadState> state) : state_(std::move(state)) {}

  Verdict operator()(std::uint8_t* frame, std::uint32_t length) {
    const pb_outcome outcome = decide(frame, frame + length, *state_);
    state_->count(outcome);
    return verdict_of(outcome);
  }

 private:
  std::shared_ptr<WorkloadState> state_;
};

// Per frame: the headers, byte by byte.
inline pb_outcome decide_parse(std::uint8_t* frame, std::uint8_t* end, WorkloadState&) {
  return pb_workload_parse(frame, end);
}

// Per frame: the headers as far as IP, a hash and mostly one cache line of the table.
inline pb_outcome decide_count_per_ip(std::uint8_t* frame, std::uint8_t* end,
                                      WorkloadState& state) {
  pb_address source;
  const pb_outcome outcome = pb_workload_source(frame, end, &source);
  return outcome == PB_OK ? state.count_source(source) : outcome;
}

// Per frame: the headers, and one word of the set.
inline pb_outcome decide_filter(std::uint8_t* frame, std::uint8_t* end, WorkloadState& state) {
  return pb_workload_filter(frame, end, state.ports().words());
}

// Per frame: the headers, some of them written to.
inline pb_outcome decide_reflect(std::uint8_t* frame, std::uint8_t* end, WorkloadState&) {
  return pb_workload_reflect(frame, end);
}

// Per frame: the headers as far as IP, some of them written to.
inline pb_outcome decide_forward(std::uint8_t* frame, std::uint8_t* end, WorkloadState& state) {
  return pb_workload_forward(frame, end, &state.hop());
}

// Per frame: nothing; the frame is not read.
inline pb_outcome decide_pass(std::uint8_t*, std::uint8_t*, WorkloadState&) { return PB_PASSED; }

using Parse = Deciding<decide_parse>;
using CountPerIp = Deciding<decide_count_per_ip>;
using Filter = Deciding<decide_filter>;
using Reflect = Deciding<decide_reflect>;
using Forward = Deciding<decide_forward>;
using Pass = Deciding<decide_pass>;

// A row of the table: a workload and its functor, which the state is given where it takes one.
template <class F>
struct Row : Workload {
  using Functor = F;
};
// A workload is its row here: names, details, parser, list and documentation go by it.
inline const auto& workload_table() {
  static const auto table = std::make_tuple(
      Row<Drop>{{{"drop", "nothing: the frame is not read"}}},
      Row<Touch>{{{"touch", "one read of the frame's first cache line"}}},
      Row<Parse>{{{"parse", "walks the headers, VLAN tags and IPv6 extensions included"},
                  {{"ok", PB_OK}, {"malformed", PB_MALFORMED}, {"other", PB_OTHER}}}},
      Row<CountPerIp>{{{"count-per-ip", "counts frames by source address, in a table"},
                       {{"counted", PB_OK},
                        {"malformed", PB_MALFORMED},
                        {"other", PB_OTHER},
                        {"table_full", PB_TABLE_FULL}},
                       true}},
      Row<Filter>{{{.name = "filter",
                    .summary = "takes out the frames to a set of UDP ports",
                    .filters = true},
                   {{"filtered", PB_FILTERED}, {"passed", PB_PASSED}}}},
      Row<Reflect>{
          {{.name = "reflect",
            .summary = "swaps the addresses and sends the frame back",
            .sends_back = true},
           {{"reflected", PB_REFLECTED}, {"malformed", PB_MALFORMED}, {"other", PB_OTHER}}}},
      Row<Forward>{
          {{.name = "forward",
            .summary = "routes the frame one hop on, out of the DUT's second port",
            .forwards = true},
           {{"forwarded", PB_FORWARDED}, {"malformed", PB_MALFORMED}, {"other", PB_OTHER}}}},
      Row<Pass>{{{"pass", "lets the frame go on to the stack, unread"},
                 {{"passed", PB_PASSED}},
                 false,
                 true}},
      Row<Pass>{{{"flip", "as pass, until the method flip turns it to another in mid-run"},
                 {{"passed", PB_PASSED}, {"turned", PB_OK}},
                 false,
                 true}});
  return table;
}

// Whether a loop is to send: other workloads never do.
template <class Functor>
inline constexpr bool kSendsBack = std::is_same_v<Functor, Reflect>;
template <class Functor>
inline constexpr bool kForwards = std::is_same_v<Functor, Forward>;

// Calls run(functor) for the row of `table` with that name and returns what it returns. The functor
// shares `state`, which the caller keeps for state->details() and state->ports(). Errors: `none`
// where there is no such row.
// REQUIRES: `state` was made for the same name.
template <class Done, class Table, class Run>
Done with_row(const Table& table, const std::string& name, std::shared_ptr<WorkloadState> state,
              Run&& run, Error none) {
  Done done = std::move(none);
  const auto take = [&](const auto& row) {
    if (name != row.name) return false;
    using Functor = typename std::remove_cvref_t<decltype(row)>::Functor;
    if constexpr (std::is_constructible_v<Functor, std::shared_ptr<WorkloadState>>)
      done = run(Functor(std::move(state)));
    else
      done = run(Functor{});
    return true;
  };
  std::apply([&](const auto&... row) { (void)(take(row) || ...); }, table);
  return done;
}
// Of the table above.
template <class Run>
auto with_workload(const std::string& name, std::shared_ptr<WorkloadState> state, Run&& run) {
  return with_row<decltype(run(Drop{}))>(
      workload_table(), name, std::move(state), std::forward<Run>(run),
      make_error(ErrorCode::unsupported, "no workload \"{}\" in user space", name));
}

}  // namespace pktbench::backends
