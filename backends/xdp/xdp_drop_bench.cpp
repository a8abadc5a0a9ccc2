// What counting costs: the drop program against a bare `return XDP_DROP`, each run by
// BPF_PROG_TEST_RUN on the same frame. The time is the kernel's own, per run.
#include <benchmark/benchmark.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>

#include "bpf/xdp_drop.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench {
namespace {

constexpr int kRuns = 1'000'000;

void run_program(benchmark::State& state, int program) {
  std::array<unsigned char, 60> frame{};
  for (auto _ : state) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = frame.size(),
                .repeat = kRuns);
    if (bpf_prog_test_run_opts(program, &options) != 0 || options.retval != XDP_DROP) {
      state.SkipWithError("BPF_PROG_TEST_RUN failed (needs root)");
      return;
    }
    state.SetIterationTime(options.duration * 1e-9);
  }
}

void bare_drop(benchmark::State& state) {
  const std::array<bpf_insn, 2> program = {
      {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_DROP}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
  const sys::Fd fd(bpf_prog_load(BPF_PROG_TYPE_XDP, "bare_drop", "Dual BSD/GPL", program.data(),
                                 program.size(), nullptr));
  run_program(state, fd.get());
}

void counting_drop(benchmark::State& state) {
  sys::LibbpfLog log;
  sys::SkeletonPtr<xdp_drop, xdp_drop__destroy> skeleton(xdp_drop__open_and_load());
  run_program(state, skeleton ? bpf_program__fd(skeleton->progs.drop) : -1);
}

BENCHMARK(bare_drop)->UseManualTime()->Iterations(5)->Repetitions(5)->ReportAggregatesOnly();
BENCHMARK(counting_drop)->UseManualTime()->Iterations(5)->Repetitions(5)->ReportAggregatesOnly();

}  // namespace
}  // namespace pktbench
