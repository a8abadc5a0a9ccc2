// The columns of the method `search`, and what they need explained.
#pragma once

#include <vector>

#include "harness/core/method.hpp"

namespace pktbench::method {

std::vector<ResultColumn> search_columns(const std::vector<CaseResult>& cases);
void explain_search(const std::vector<CaseResult>& cases, Legend& legend);

}  // namespace pktbench::method
