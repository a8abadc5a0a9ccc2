// What it costs to count a frame, by where the counter is (bpf/count_cost.bpf.c): with one source
// of frames, a thousand and a million, and from one CPU and two at once. `draw` counts nothing:
// what is to be taken from all others. `lost`: of 100 frames, those that are in no counter; where
// sources have no room, they are counted together.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/xdp/count_cost.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench::backends {
namespace {

constexpr std::uint32_t kCountRuns = 200'000;

// Of the benchmark that runs; its first thread writes it while the others wait for it to begin.
std::optional<CountCost> counting;
std::uint64_t counted_runs = 0;

void prepare(const CountPlace& place, const CountOptions& options) {
  counting.reset();
  counted_runs = 0;
  if (auto loaded = CountCost::load(place, options)) counting.emplace(std::move(*loaded));
  // So that most sources are in the table.
  const std::uint32_t runs = std::max(kCountRuns, 2 * options.room);
  if (counting && counting->run(runs)) counted_runs += runs;
}

void report_sums(benchmark::State& state) {
  const auto sums = counting->sums();
  counted_runs += static_cast<std::uint64_t>(state.iterations()) * state.threads() * kCountRuns;
  if (!sums) return state.SkipWithError("the counters cannot be read");
  const auto runs = static_cast<double>(counted_runs);
  const auto counted = static_cast<double>(sums->counted + sums->no_room);
  state.counters["lost"] = 100 * (runs - counted) / runs;
  state.counters["no_room"] = 100 * static_cast<double>(sums->no_room) / runs;
}

void count(benchmark::State& state, const CountPlace& place, const CountOptions& options) {
  const std::vector<int> cpus = sys::allowed_cpus();
  const auto index = static_cast<std::size_t>(state.thread_index());
  if (cpus.size() < static_cast<std::size_t>(state.threads()))
    return state.SkipWithError("needs as many CPUs as threads");
  if (index == 0) prepare(place, options);
  if (!sys::pin_thread(0, cpus[index])) return state.SkipWithError("cannot be pinned to its CPU");
  for (auto _ : state) {
    const auto ns = counting ? counting->run(kCountRuns)
                             : make_error(ErrorCode::failed, "the program cannot be loaded");
    if (!ns) {
      state.SkipWithError("BPF_PROG_TEST_RUN failed (needs root)");
      break;
    }
    // The library divides by the number of threads: what one frame takes on its CPU is wanted.
    state.SetIterationTime(*ns * 1e-9 * state.threads());
  }
  if (!sys::place_thread(0, cpus)) state.SkipWithError("cannot leave its CPU");
  if (index == 0 && counting && place.name != "draw") report_sums(state);
}

void add(const CountPlace& place, const std::string& name, const CountOptions& options) {
  for (const int threads : {1, 2})
    benchmark::RegisterBenchmark(("count/" + name).c_str(), count, place, options)
        ->UseManualTime()
        ->Iterations(5)
        ->Threads(threads)
        ->Repetitions(5)
        ->ReportAggregatesOnly();
}

[[maybe_unused]] const bool counting_registered = [] {
  for (const CountPlace& place : count_places()) {
    if (!place.by_source) {
      add(place, place.name, {});
      continue;
    }
    for (const std::uint32_t sources : {1U, 1'000U, 1'000'000U})
      add(place, place.name + "/" + std::to_string(sources), {.sources = sources, .room = sources});
  }
  add({"percpu_hash", true}, "percpu_hash/1000000_room_for_65536",
      {.sources = 1'000'000, .room = 65'536});
  return true;
}();

}  // namespace
}  // namespace pktbench::backends
