// What the workloads cost in user space, one call after the other on a 64 B frame, and what the
// parser's bounds checks do: the same parser where the compiler knows that no frame ends, so that
// it leaves out every comparison with the end.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>

#include "backends/common/loop_counters.hpp"
#include "backends/common/workload.hpp"
#include "harness/testing/packet_builder.hpp"

namespace pktbench::backends {
namespace {

void call(benchmark::State& state, const std::string& workload) {
  testing::Packet frame = testing::frame4(testing::kClient, testing::kServer, testing::kUdp, 18);
  const testing::Packet fresh = frame;
  const auto done = with_workload(
      workload, std::make_shared<WorkloadState>(workload), [&](auto functor) -> Result<void> {
        for (auto _ : state) {
          std::uint8_t* data = frame.data();
          benchmark::DoNotOptimize(data);
          benchmark::DoNotOptimize(functor(data, static_cast<std::uint32_t>(frame.size())));
          benchmark::ClobberMemory();
          // A router takes from its time to live; two stores.
          data[PB_ETH_LEN + 8] = fresh[PB_ETH_LEN + 8];
          *reinterpret_cast<pb_unaligned_u16*>(data + PB_ETH_LEN + 10) =
              *reinterpret_cast<const pb_unaligned_u16*>(fresh.data() + PB_ETH_LEN + 10);
        }
        return {};
      });
  if (!done) state.SkipWithError(done.error().message.c_str());
}

template <bool checked>
void parse_frame(benchmark::State& state, testing::Packet frame) {
  std::uint64_t sound = 0;
  for (auto _ : state) {
    std::uint8_t* data = frame.data();
    benchmark::DoNotOptimize(data);
    std::uint8_t* const end = checked ? data + frame.size() : reinterpret_cast<std::uint8_t*>(~0UL);
    pb_headers headers;
    sound += pb_parse(data, end, &headers) == PB_OK;
    benchmark::DoNotOptimize(headers);
  }
  if (sound != static_cast<std::uint64_t>(state.iterations()))
    state.SkipWithError("a sound frame was not parsed");
}

// As a receive loop does, after each batch.
void store_counters(benchmark::State& state) {
  LoopCounters counters;
  std::uint64_t n = 0;
  for (auto _ : state) {
    counters.add_busy(1);
    counters.store(n, 60 * n, 0, 0);
    ++n;
    benchmark::ClobberMemory();
  }
}

[[maybe_unused]] const bool workloads_registered = [] {
  const auto add = [](const std::string& name, auto... how) {
    benchmark::RegisterBenchmark(name.c_str(), how...);
  };
  for (const std::string& name : workload_names()) add("user/" + name, call, name);
  const testing::Packet udp4 =
      testing::frame4(testing::kClient, testing::kServer, testing::kUdp, 18);
  const testing::Packet tcp6 =
      testing::frame6(testing::kClient, testing::kServer, testing::kTcp, 18);
  add("parser/checked/udp4", parse_frame<true>, udp4);
  add("parser/unchecked/udp4", parse_frame<false>, udp4);
  add("parser/checked/tcp6", parse_frame<true>, tcp6);
  add("parser/unchecked/tcp6", parse_frame<false>, tcp6);
  add("loop/counters", store_counters);
  return true;
}();

}  // namespace
}  // namespace pktbench::backends
