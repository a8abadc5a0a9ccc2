// Frames that one lcore passes to another.
#pragma once

#if defined(PKTBENCH_SANITIZE_THREAD)
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace pktbench::dpdk {

// DPDK's own atomics order the two lcores, through the driver or through the mempool. The thread
// sanitizer does not see them, for DPDK is built without it: it leaves out all that the calling
// thread reads and writes in the lifetime of this but atomics, and so the workload's state too,
// which it watches in the other backends. Nothing in other builds.
class [[maybe_unused]] PassedOn {
 public:
#if defined(PKTBENCH_SANITIZE_THREAD)
  PassedOn() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~PassedOn() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  PassedOn() {}
  ~PassedOn() {}
#endif
  PassedOn(const PassedOn&) = delete;
  PassedOn& operator=(const PassedOn&) = delete;
};

}  // namespace pktbench::dpdk
