// Commands that a Python script of ours carries out.
#pragma once

#include <string>
#include <vector>

namespace pktbench::cli {

// Becomes `script` (a path below the project's root), with these words. Returns, with the exit
// status, only where it cannot: it is not installed, or others could have written it.
int become_script(const std::string& script, const std::vector<std::string>& words);

}  // namespace pktbench::cli
