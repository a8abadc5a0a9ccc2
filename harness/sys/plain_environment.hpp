// The environment of programs that this one starts by itself.
//
// Threads: none that changes the environment meanwhile.
#pragma once

#include <string>
#include <vector>

namespace pktbench::sys {

// The system's PATH, who called sudo, and what a sanitizer's runtime is told. Nothing of the
// caller's that chooses what a program or a library loads (LD_*, LIBXDP_*, RDMAV_*, ...).
class PlainEnvironment {
 public:
  PlainEnvironment();
  PlainEnvironment(const PlainEnvironment&) = delete;
  PlainEnvironment& operator=(const PlainEnvironment&) = delete;

  // For exec and posix_spawn.
  char* const* get() { return pointers_.data(); }

 private:
  std::vector<std::string> variables_;  // "NAME=value"
  std::vector<char*> pointers_;
};

}  // namespace pktbench::sys
