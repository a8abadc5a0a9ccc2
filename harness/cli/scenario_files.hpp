// The scenarios that pktbench brings, which have names; any other one is given by its file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/result.hpp"

namespace pktbench::cli {

// In the order of their names. Errors: `refused` where none came with this program.
Result<std::vector<std::filesystem::path>> scenario_files();

// The file that `given` is, or else the scenario that it names ("quickstart"). Errors:
// invalid_input, with the name that is near.
Result<std::string> find_scenario(const std::string& given);

}  // namespace pktbench::cli
