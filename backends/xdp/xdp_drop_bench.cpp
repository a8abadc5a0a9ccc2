// What a workload costs: each XDP program against a bare `return XDP_DROP`, run by
// BPF_PROG_TEST_RUN on the same 64 B frame, and each of user space's functors. The kernel's time is
// its own, per run. The frame is in the cache: what it costs to fetch it is not in here.
#include <benchmark/benchmark.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <array>
#include <string>

#include "backends/common/workload.hpp"
#include "backends/xdp/xdp_program.hpp"
#include "harness/sys/fd.hpp"
#include "harness/testing/packet_builder.hpp"

namespace pktbench {
namespace {

constexpr int kRuns = 1'000'000;

testing::Packet test_frame() {
  return testing::frame4(testing::kClient, testing::kServer, testing::kUdp, 18);
}

void run_program(benchmark::State& state, int program) {
  testing::Packet frame = test_frame();
  for (auto _ : state) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<__u32>(frame.size()), .repeat = kRuns);
    if (bpf_prog_test_run_opts(program, &options) != 0 || options.retval == XDP_ABORTED) {
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

void kernel(benchmark::State& state, const std::string& workload) {
  const auto program = backends::XdpProgram::load(workload);
  run_program(state, program ? program->fd() : -1);
}

// One call after the other on one frame.
void user_space(benchmark::State& state, const std::string& workload) {
  testing::Packet frame = test_frame();
  const auto done = backends::with_workload(
      workload, std::make_shared<backends::WorkloadState>(workload),
      [&](auto functor) -> Result<void> {
        for (auto _ : state) {
          std::uint8_t* data = frame.data();
          benchmark::DoNotOptimize(data);
          benchmark::DoNotOptimize(functor(data, static_cast<std::uint32_t>(frame.size())));
          benchmark::ClobberMemory();
        }
        return {};
      });
  if (!done) state.SkipWithError(done.error().message.c_str());
}

// With `bare_drop` beside `drop`, which are compared.
[[maybe_unused]] const bool registered = [] {
  const auto repeat = [](benchmark::internal::Benchmark* b) {
    b->Repetitions(5)->ReportAggregatesOnly();
  };
  const auto in_kernel = [&](benchmark::internal::Benchmark* b) {
    repeat(b->UseManualTime()->Iterations(5));
  };
  in_kernel(benchmark::RegisterBenchmark("bare_drop", bare_drop));
  for (const std::string& name : backends::workload_names())
    in_kernel(benchmark::RegisterBenchmark(("kernel/" + name).c_str(), kernel, name));
  for (const std::string& name : backends::workload_names())
    repeat(benchmark::RegisterBenchmark(("user/" + name).c_str(), user_space, name));
  return true;
}();

}  // namespace
}  // namespace pktbench
