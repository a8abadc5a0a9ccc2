#include "backends/xdp/count_cost.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "bpf/count_cost.h"
#include "bpf/count_cost.skel.h"
#include "bpf/workload.h"
#include "harness/sys/bpf.hpp"

namespace pktbench::backends {

namespace {

bool has_value_per_cpu(bpf_map_type type) {
  return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

// Every entry of `table`.
Result<CountSums> sums_of(int table, bpf_map_type type) {
  constexpr std::uint32_t kBatch = 4096;
  const std::size_t values_each =
      has_value_per_cpu(type) ? static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()))
                              : 1;
  std::vector<pb_address> keys(kBatch);
  std::vector<std::uint64_t> values(kBatch * values_each);
  CountSums made;
  std::array<std::uint64_t, 2> next{};
  for (bool first = true;; first = false) {
    __u32 got = kBatch;
    const int error = bpf_map_lookup_batch(table, first ? nullptr : next.data(), next.data(),
                                           keys.data(), values.data(), &got, nullptr);
    if (error && error != -ENOENT) return system_error("read the table of counters", -error);
    for (std::size_t i = 0; i < got; ++i) {
      std::uint64_t of_one = 0;
      for (std::size_t cpu = 0; cpu < values_each; ++cpu) of_one += values[i * values_each + cpu];
      made.counted += of_one;
      made.entries += of_one > 0;
    }
    if (error) return made;
  }
}

}  // namespace

const std::vector<CountPlace>& count_places() {
  static const std::vector<CountPlace> kPlaces = {{"draw"},
                                                  {"plain"},
                                                  {"atomic"},
                                                  {"array", true},
                                                  {"percpu_array", true},
                                                  {"hash", true},
                                                  {"percpu_hash", true},
                                                  {"lru_hash", true, true},
                                                  {"lru_percpu_hash", true, true}};
  return kPlaces;
}

Result<CountCost> CountCost::load(const CountPlace& place, const CountOptions& options) {
  sys::LibbpfLog log;
  CountCost made(place);
  made.skeleton_.reset(count_cost__open(), count_cost__destroy);
  if (!made.skeleton_) return log.failure("open the programs that count", errno);
  bpf_object* const object = made.skeleton_->obj;
  made.skeleton_->rodata->sources = options.sources;
  const std::string wanted = place.name == "draw" ? place.name : "count_" + place.name;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object)
      bpf_program__set_autoload(program, bpf_program__name(program) == wanted);
  bpf_map* table =
      place.by_source ? bpf_object__find_map_by_name(object, place.name.c_str()) : nullptr;
  if (table) bpf_map__set_max_entries(table, options.room);
  if (const int error = count_cost__load(made.skeleton_.get()); error)
    return log.failure("load the program that counts", -error);
  made.program_ = bpf_program__fd(bpf_object__find_program_by_name(object, wanted.c_str()));
  if (table) made.table_ = bpf_map__fd(table);
  return made;
}

const double CountCost::kResolutionNs = 1.0 / PB_FRAMES_PER_RUN;

Result<double> CountCost::count(std::uint32_t frames) const {
  std::array<std::uint8_t, 64> frame{};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
              .data_size_in = static_cast<__u32>(frame.size()),
              .repeat = static_cast<int>(frames / PB_FRAMES_PER_RUN));
  if (const int error = bpf_prog_test_run_opts(program_, &options))
    return system_error("run the program that counts", -error);
  return options.duration * kResolutionNs;
}

Result<CountSums> CountCost::sums() const {
  CountSums made;
  if (table_ >= 0) {
    const auto* map = bpf_object__find_map_by_name(skeleton_->obj, place_.name.c_str());
    auto sums = sums_of(table_, bpf_map__type(map));
    if (!sums) return sums.error();
    made = *sums;
  } else {
    made.counted = place_.name == "plain" ? skeleton_->bss->plain : skeleton_->bss->atomic;
    made.entries = made.counted > 0;
  }
  const auto no_room = sys::sum_over_cpus<std::array<std::uint64_t, 1>>(
      bpf_map__fd(skeleton_->maps.no_room), 0, "read what had no room");
  if (!no_room) return no_room.error();
  made.no_room = (*no_room)[0];
  return made;
}

}  // namespace pktbench::backends
