// What this binary was built with and what it runs with.
//
// Errors: none; gaps are null with the reason in `missing`.
#pragma once

#include "harness/text/section.hpp"

namespace pktbench {

Json version_info(Json& missing);

}  // namespace pktbench
