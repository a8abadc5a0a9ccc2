// What the BPF programs cost: each run by BPF_PROG_TEST_RUN on the same 64 B frame, beside a bare
// `return XDP_DROP`. The kernel's time is its own, per run, rounded down to whole ns, as
// `resolution` says. The frame is in the cache: what it costs to fetch it is not in here. `forward`
// is left out: a frame that is routed again and again has soon lived long enough, and that is
// another way through the program.
#include <benchmark/benchmark.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>
#include <string>

#include "backends/xdp/xdp_program.hpp"
#include "bpf/tc_drop.skel.h"
#include "bpf/xdp_watch.skel.h"
#include "bpf/xsk_redirect.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/fd.hpp"
#include "harness/testing/packet_builder.hpp"

namespace pktbench {
namespace {

constexpr int kRuns = 1'000'000;

void run_program(benchmark::State& state, int program) {
  testing::Packet frame = testing::frame4(testing::kClient, testing::kServer, testing::kUdp, 18);
  for (auto _ : state) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<__u32>(frame.size()), .repeat = kRuns);
    if (bpf_prog_test_run_opts(program, &options) != 0 || options.retval == XDP_ABORTED) {
      state.SkipWithError("BPF_PROG_TEST_RUN failed (needs root)");
      return;
    }
    state.SetIterationTime(options.duration * 1e-9);
  }
  state.counters["resolution"] = 1;
}

void bare_drop(benchmark::State& state) {
  const std::array<bpf_insn, 2> program = {
      {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_DROP}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
  const sys::Fd fd(bpf_prog_load(BPF_PROG_TYPE_XDP, "bare_drop", "Dual BSD/GPL", program.data(),
                                 program.size(), nullptr));
  run_program(state, fd.get());
}

void workload(benchmark::State& state, const std::string& name) {
  const auto program = backends::XdpProgram::load(name);
  run_program(state, program ? program->fd() : -1);
}

void watch(benchmark::State& state, bool per_address) {
  const sys::LibbpfLog log;
  const sys::SkeletonPtr<xdp_watch, xdp_watch__destroy> skeleton(xdp_watch__open());
  if (!skeleton) return state.SkipWithError("the program cannot be opened");
  skeleton->rodata->per_address = per_address;
  xdp_watch__load(skeleton.get());
  run_program(state, bpf_program__fd(skeleton->progs.watch));
}

void no_socket(benchmark::State& state) {
  const sys::LibbpfLog log;
  const sys::SkeletonPtr<xsk_redirect, xsk_redirect__destroy> skeleton(
      xsk_redirect__open_and_load());
  run_program(state, skeleton ? bpf_program__fd(skeleton->progs.redirect) : -1);
}

void tc(benchmark::State& state) {
  const sys::LibbpfLog log;
  const sys::SkeletonPtr<tc_drop, tc_drop__destroy> skeleton(tc_drop__open_and_load());
  run_program(state, skeleton ? bpf_program__fd(skeleton->progs.drop) : -1);
}

[[maybe_unused]] const bool registered = [] {
  const auto add = [](const std::string& name, auto... how) {
    benchmark::RegisterBenchmark(name.c_str(), how...)->UseManualTime()->Iterations(5);
  };
  add("xdp/bare_drop", bare_drop);
  for (const std::string& name : backends::XdpProgram::workloads())
    if (name != "forward") add("xdp/" + name, workload, name);
  add("xdp/watch", watch, false);
  add("xdp/watch_per_ip", watch, true);
  add("xdp/xsk_redirect_without_socket", no_socket);
  add("tc/drop", tc);
  return true;
}();

}  // namespace
}  // namespace pktbench
