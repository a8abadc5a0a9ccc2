// Frames that one lcore passes to another.
#pragma once

namespace pktbench::dpdk {

// DPDK's own atomics order the two lcores, through the driver or through the mempool. The thread
// sanitizer does not see them, for DPDK is built without it: it leaves out what the calling thread
// reads and writes in the lifetime of this, atomics aside. Nothing in other builds.
class [[maybe_unused]] PassedOn {
 public:
#if defined(__SANITIZE_THREAD__)
  PassedOn();
  ~PassedOn();
#else
  PassedOn() {}
  ~PassedOn() {}
#endif
  PassedOn(const PassedOn&) = delete;
  PassedOn& operator=(const PassedOn&) = delete;
};

}  // namespace pktbench::dpdk

#if defined(__SANITIZE_THREAD__)
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}

inline pktbench::dpdk::PassedOn::PassedOn() {
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

inline pktbench::dpdk::PassedOn::~PassedOn() {
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
#endif
