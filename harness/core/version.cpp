#include "harness/core/version.hpp"

#include "generated/git_commit.h"

namespace pktbench {

const BuildInfo& build_info() {
  static const BuildInfo info{PKTBENCH_VERSION,   PKTBENCH_GIT_COMMIT, PKTBENCH_COMPILER,
                              PKTBENCH_BPF_CLANG, PKTBENCH_BUILD_TYPE, PKTBENCH_SANITIZERS};
  return info;
}

}  // namespace pktbench
