// What a workload counts and keeps between frames, and the set that may be changed while it runs.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/common/address_table.hpp"
#include "bpf/counters.h"
#include "bpf/workload.h"
#include "harness/core/backend.hpp"
#include "harness/core/registry.hpp"
#include "harness/core/result.hpp"

namespace pktbench::backends {

// What there is to know of a workload beside its loop: a row of the table in workload.hpp.
struct Workload : WorkloadType {
  struct Detail {
    const char* name;
    pb_outcome outcome;
  };
  std::vector<Detail> details = {};  // those outcomes that it can come to
  bool counts_addresses = false;     // in a table; a detail as well
  bool into_stack = false;           // needs a path that goes on into the kernel's stack
};

// All of them, `drop` first.
const std::vector<Workload>& workloads();
// One that nobody knows counts nothing and is of no special kind.
const Workload& workload_of(const std::string& name);
std::vector<WorkloadType> workload_types();
std::vector<std::string> workload_names();
// For a path that has no way on into the stack.
std::vector<std::string> workloads_but_pass();
// Of these, for a path that has no way out of another port either.
std::vector<std::string> workloads_of_one_port();

// The first bytes of the frames that go there.
pb_hop header_of(const Hop& hop);

// Counters.details of a workload, by name. The same for the kernel's programs and for user space.
std::map<std::string, std::uint64_t> workload_details(const Workload& workload,
                                                      std::span<const __u64, PB_OUTCOMES> outcomes,
                                                      std::uint64_t addresses);

// The set of UDP ports of `filter`, over somebody else's words. Threads: any; a change is seen by
// the frames that come after it, and by none in part.
class PortSet {
 public:
  explicit PortSet(__u64* words) : words_(words) {}

  void set(std::uint16_t port, bool in) {
    std::atomic_ref<__u64> word(words_[port >> 6]);
    const __u64 bit = __u64{1} << (port & 63);
    if (in)
      word.fetch_or(bit, std::memory_order_relaxed);
    else
      word.fetch_and(~bit, std::memory_order_relaxed);
  }
  // These and no others. REQUIRES: no frames arrive; a change in several steps would be seen.
  void assign(std::span<const std::uint16_t> ports) {
    std::fill_n(words_, PB_PORT_WORDS, 0);
    for (const std::uint16_t port : ports) set(port, true);
  }
  // The same, from another set's words.
  void assign(std::span<const __u64, PB_PORT_WORDS> words) {
    std::copy(words.begin(), words.end(), words_);
  }
  const __u64* words() const { return words_; }

 private:
  __u64* words_;
};

// A backend whose `filter` can be changed from start() to stop(), also while frames arrive. It
// starts with BackendConfig's filter_ports in the set.
class FilterControl {
 public:
  virtual ~FilterControl() = default;
  // Errors: `failed` where the backend does not run `filter`.
  virtual Result<void> set_filtered(std::uint16_t udp_port, bool filtered) = 0;
};

// Threads: count() and count_source() belong to the polling thread; details() and ports() to any.
class WorkloadState {
 public:
  // Allocates what the workload needs; nothing is allocated per frame.
  explicit WorkloadState(const Workload& workload);
  explicit WorkloadState(const std::string& name) : WorkloadState(workload_of(name)) {}

  const Workload& workload() const { return workload_; }
  std::map<std::string, std::uint64_t> details() const;
  PortSet& ports() { return ports_; }
  // Of `forward`. Writer: the controlling thread, before frames come.
  pb_hop& hop() { return hop_; }

  // One relaxed load and store: there is one writer.
  void count(pb_outcome outcome) { increment(outcomes_[outcome]); }

  // REQUIRES: made for `count-per-ip`.
  pb_outcome count_source(const pb_address& source) {
    switch (table_->add(source)) {
      case AddressTable::Added::full:
        return PB_TABLE_FULL;
      case AddressTable::Added::entered:
        increment(addresses_);
        break;
      case AddressTable::Added::found:
        break;
    }
    return PB_OK;
  }

  // Null but for `count-per-ip`. Read it only while no frame is worked on.
  const AddressTable* table() const { return table_.get(); }

 private:
  static void increment(std::atomic<std::uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  const Workload workload_;
  std::unique_ptr<__u64[]> words_;
  PortSet ports_;
  pb_hop hop_{};
  std::unique_ptr<AddressTable> table_;
  // Writer: the polling thread.
  alignas(64) std::atomic<std::uint64_t> outcomes_[PB_OUTCOMES]{};
  std::atomic<std::uint64_t> addresses_{0};
};

}  // namespace pktbench::backends
