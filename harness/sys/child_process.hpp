// Programs that this one starts, in the calling thread's network namespace and on its CPUs.
//
// Threads: any, while none changes the environment.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::sys {

// The system's PATH, who called sudo, and what a sanitizer's runtime is told. Nothing of the
// caller's that chooses what a program or a library loads (LD_*, LIBXDP_*, RDMAV_*, ...).
std::vector<std::string> plain_environment();

// All of this process's.
std::vector<std::string> whole_environment();

struct ChildProcess {
  std::vector<std::string> arguments = {};  // the path of the program first
  std::vector<std::string> environment = plain_environment();
  std::vector<std::pair<int, int>> files = {};  // ours, and the number it gets
  bool own_input = false;                       // ours is its standard input too; else it has none
  bool no_other_files = false;                  // those above the numbers of `files` are shut
  bool own_group = false;                       // a process group of its own
  // All signals are blocked, and none is ignored; else it has ours but SIGPIPE, which ends it.
  bool blocked_signals = false;
};

// The caller waits for it.
Result<pid_t> start_child(const ChildProcess& child);

// Its status as waitpid() gives it; -1: it is no child.
int wait_for_child(pid_t child);

}  // namespace pktbench::sys
