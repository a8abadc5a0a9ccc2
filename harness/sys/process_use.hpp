// What this process and those it started hold of the host: what grows there in hours is a leak.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>

#include "harness/core/result.hpp"

namespace pktbench::sys {

struct ProcessUse {
  std::uint64_t rss_bytes = 0;  // resident; what they share counts for each
  std::uint64_t open_fds = 0;
};

// Of this process and its descendants. Errors: of the kernel, where it does not tell of one; a
// descendant that ends meanwhile is left out.
Result<ProcessUse> process_use();

}  // namespace pktbench::sys
