// What this binary was built from. Source: the version is CMake's project(); the commit is read at
// build time.
#pragma once

#include <string>

namespace pktbench {

struct BuildInfo {
  std::string version;     // "0.1.0"
  std::string git_commit;  // 40 hex digits, with "-dirty" where the tree had changes; empty: no git
  std::string compiler;    // "GNU 12.2.0"
  std::string bpf_clang;   // "14.0.6"
  std::string build_type;  // "RelWithDebInfo"
  std::string sanitizers;  // empty: none
};

const BuildInfo& build_info();

}  // namespace pktbench
