// A BPF program as a filter of the clsact qdisc at a device's ingress: the way before tcx.
#pragma once

#include <cstdint>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench::kernel {

// Threads: one controlling thread. Every call enters the port's namespace and returns.
class TcFilter {
 public:
  TcFilter() = default;
  ~TcFilter() { detach(); }
  TcFilter(const TcFilter&) = delete;
  TcFilter& operator=(const TcFilter&) = delete;

  // Makes the qdisc where there is none, and attaches at the first priority, ahead of filters
  // there. Errors: `refused` where another filter holds that priority; `unsupported` where the
  // kernel has no clsact.
  Result<void> attach(const Port& port, int program);

  // The program that the filter runs, as the kernel says.
  Result<unsigned> program_id() const;

  // Also removes the qdisc if it was made here and nobody has put a filter into it since.
  void detach() noexcept;

 private:
  Port port_;
  bool made_qdisc_ = false;
  std::uint32_t handle_ = 0;  // 0: not attached
  std::uint32_t priority_ = 0;
};

}  // namespace pktbench::kernel
