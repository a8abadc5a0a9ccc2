// Loading BPF skeletons with libbpf: what the library and the verifier say goes into the Error.
//
// Threads: libbpf has one print function a process; load from one thread at a time.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/sys/ends.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::sys {

// Collects what libbpf prints while it lives, so that success is silent and failure complete.
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  // An Error with the library's and the verifier's words in `detail`. `error` is positive.
  Error failure(const std::string& what, int error) const;

 private:
  libbpf_print_fn_t previous_;
};

// Owns a skeleton made by bpftool. `Destroy` is its NAME__destroy.
template <class Skeleton, void (*Destroy)(Skeleton*)>
using SkeletonPtr = std::unique_ptr<Skeleton, Ends<Destroy>>;

using LinkPtr = std::unique_ptr<bpf_link, Ends<bpf_link__destroy>>;

// The value of `key` in a map per CPU, summed over all CPUs there may ever be: T has 64-bit words
// only. `what` is the sentence of an error.
template <class T>
Result<T> sum_over_cpus(int map, std::uint32_t key, const std::string& what) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return system_error("count the possible CPUs", -cpus);
  using Words = std::array<std::uint64_t, sizeof(T) / sizeof(std::uint64_t)>;
  std::vector<Words> values(static_cast<std::size_t>(cpus));
  if (const int error = bpf_map_lookup_elem(map, &key, values.data()); error)
    return system_error(what, -error);
  Words sum{};
  for (const Words& value : values)
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += value[i];
  return std::bit_cast<T>(sum);
}

}  // namespace pktbench::sys
