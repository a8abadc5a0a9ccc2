// What it costs to count a frame, by where the counter is (bpf/count_cost.bpf.c): with one source
// of frames, a thousand and a million, and from one CPU and two at once. `draw` counts nothing:
// what is to be taken from all others. `lost`: of 100 frames, those that are in no counter; where
// sources have no room, they are counted together. `resolution`: ns by which a time may be too
// short. `at_once`: of 100 parts of the time, those in which the CPUs were all at it, and not with
// other tasks.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/xdp/count_cost.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::backends {
namespace {

// So many that what two CPUs do one after the other, to begin and to end, is little beside it.
constexpr std::uint32_t kFrames = 4'000'000;
constexpr std::uint32_t kPrepared = 200'000;

// Of the benchmark that runs; its first thread writes it while the others wait for it to begin.
std::optional<CountCost> counting;
std::uint64_t counted_frames = 0;

void prepare(const CountPlace& place, const CountOptions& options) {
  counting.reset();
  counted_frames = 0;
  if (auto loaded = CountCost::load(place, options)) counting.emplace(std::move(*loaded));
  // So that most sources are in the table.
  const std::uint32_t frames = std::max(kPrepared, 2 * options.room);
  if (counting && counting->count(frames)) counted_frames += frames;
}

void report_sums(benchmark::State& state) {
  const auto sums = counting->sums();
  counted_frames += static_cast<std::uint64_t>(state.iterations()) * state.threads() * kFrames;
  if (!sums) return state.SkipWithError("the counters cannot be read");
  const auto frames = static_cast<double>(counted_frames);
  const auto counted = static_cast<double>(sums->counted + sums->no_room);
  state.counters["lost"] = 100 * (frames - counted) / frames;
  state.counters["no_room"] = 100 * static_cast<double>(sums->no_room) / frames;
}

// For which the calling thread was ready to run and others had its CPU, since it began, in ns; none
// where the kernel does not tell.
std::optional<std::uint64_t> waited_ns() {
  const auto said = sys::read_file("/proc/thread-self/schedstat");
  if (!said) return std::nullopt;
  const std::size_t second = said->find(' ') + 1;
  std::uint64_t ns = 0;
  const auto read = std::from_chars(said->data() + second, said->data() + said->size(), ns);
  return read.ec == std::errc() ? std::optional(ns) : std::nullopt;
}

void count(benchmark::State& state, const CountPlace& place, const CountOptions& options) {
  const std::vector<int> cpus = sys::allowed_cpus();
  const auto index = static_cast<std::size_t>(state.thread_index());
  if (cpus.size() < static_cast<std::size_t>(state.threads()))
    return state.SkipWithError("needs as many CPUs as threads");
  if (index == 0) prepare(place, options);
  if (!sys::pin_thread(0, cpus[index])) return state.SkipWithError("cannot be pinned to its CPU");
  std::uint64_t began = 0;
  std::optional<std::uint64_t> waited_before;
  for (auto _ : state) {
    if (began == 0) {
      began = sys::monotonic_ns();
      waited_before = waited_ns();
    }
    const auto ns = counting ? counting->count(kFrames)
                             : make_error(ErrorCode::failed, "the program cannot be loaded");
    if (!ns) {
      state.SkipWithError("BPF_PROG_TEST_RUN failed (needs root)");
      break;
    }
    // What one frame takes on its CPU is wanted.
    state.SetIterationTime(*ns * 1e-9 *
                           (PKTBENCH_BENCHMARK_DIVIDES_BY_THREADS ? state.threads() : 1));
  }
  const auto took = static_cast<double>(sys::monotonic_ns() - began);
  if (const auto waited = waited_ns(); waited && waited_before)
    state.counters["at_once"] =
        benchmark::Counter(100 * (1 - static_cast<double>(*waited - *waited_before) / took),
                           benchmark::Counter::kAvgThreads);
  if (!sys::place_thread(0, cpus)) state.SkipWithError("cannot leave its CPU");
  if (index != 0) return;
  state.counters["resolution"] = CountCost::kResolutionNs;
  if (counting && place.name != "draw") report_sums(state);
}

void add(const CountPlace& place, const std::string& name, const CountOptions& options) {
  for (const int threads : {1, 2})
    benchmark::RegisterBenchmark(("count/" + name).c_str(), count, place, options)
        ->UseManualTime()
        ->Iterations(1)
        ->Threads(threads);
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
