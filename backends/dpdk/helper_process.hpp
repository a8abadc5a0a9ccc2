// The helper program of the dpdk backend as seen from this side: started in the calling thread's
// network namespace, asked, stopped. It dies with the thread that started it.
//
// Threads: one controlling thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "backends/dpdk/protocol.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::dpdk {

// Its path: beside this program, or where an installation has it relative to this program. Errors:
// `unsupported`: it is in neither place, or others than root and the caller could have put it
// there.
Result<std::string> find_helper();

// What the helper inherits; < 0: none.
struct Inherited {
  int pump_or_wire = -1;
  int stamps = -1;
};

class HelperProcess {
 public:
  ~HelperProcess() { stop(); }

  // Returns when it receives, within 10 s; `ready` is its answer, empty where there was none.
  // Errors: the helper's own sentence, with what DPDK printed in `detail`; then nothing is left of
  // it. It gets none of this process's environment that chooses what is loaded.
  Result<void> start(const std::string& path, const Setup& setup, const Inherited& files,
                     Ready& ready);

  // Errors: it ended by itself, or gave no answer within 10 s.
  Result<Sample> ask(const Request& request = {});

  // Lets it close its device for up to 5 s, then kills it. Idempotent.
  void stop() noexcept;

  bool running() const { return pid_ > 0; }

 private:
  Result<void> spawn(const std::string& path, const Inherited& files);
  Result<void> receive(void* message, std::size_t size, int timeout_ms, const std::string& what);
  std::string end();
  Error failure(ErrorCode code, const std::string& message) const;

  pid_t pid_ = 0;
  sys::Fd control_;
  sys::Fd log_;  // a memfd: the helper's stdout and stderr
};

}  // namespace pktbench::dpdk
