// What it costs a generator to make the next frame.
#include <benchmark/benchmark.h>

#include "harness/traffic/frame.hpp"

namespace pktbench::traffic {
namespace {

void stamp(benchmark::State& state) {
  TrafficConfig config;
  config.traffic.flows = static_cast<std::uint32_t>(state.range(0));
  auto frame = build_frame(config);
  std::uint64_t seq = 0;
  std::uint32_t flow = 0;
  for (auto _ : state) {
    pb_frame_stamp(frame->bytes.data(), &frame->sums, flow, seq++);
    flow = flow + 1 < config.traffic.flows ? flow + 1 : 0;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(stamp)->Name("frame/stamp")->Arg(1)->Arg(65536);

}  // namespace
}  // namespace pktbench::traffic
