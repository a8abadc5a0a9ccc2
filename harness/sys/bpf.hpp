// Loading BPF skeletons with libbpf: what the library and the verifier say goes into the Error.
//
// Threads: libbpf has one print function a process; load from one thread at a time.
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <string>

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

// Number of CPUs the kernel may ever have: the stride of per-CPU map values. Errors: from libbpf.
Result<int> possible_cpus();

}  // namespace pktbench::sys
