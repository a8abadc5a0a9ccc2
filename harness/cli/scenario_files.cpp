#include "harness/cli/scenario_files.hpp"

#include <algorithm>

#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench::cli {

namespace fs = std::filesystem;

std::vector<fs::path> scenario_files() {
  for (const char* dir : {"scenarios", PKTBENCH_SCENARIO_DIR}) {
    std::vector<fs::path> files;
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(dir, ignored))
      if (file.path().extension() == ".json") files.push_back(file.path());
    std::sort(files.begin(), files.end());
    if (!files.empty()) return files;
  }
  return {};
}

Result<std::string> find_scenario(const std::string& given) {
  std::error_code ignored;
  const bool is_path = given.find('/') != std::string::npos || given.ends_with(".json");
  if (is_path || fs::is_regular_file(given, ignored)) return given;
  std::vector<std::string> names;
  for (const fs::path& file : scenario_files()) {
    if (file.stem() == given) return file.string();
    names.push_back(file.stem());
  }
  return input_error(given, "", "no such file or scenario" + suggestion(given, names));
}

}  // namespace pktbench::cli
