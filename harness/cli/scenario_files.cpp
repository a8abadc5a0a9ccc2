#include "harness/cli/scenario_files.hpp"

#include <algorithm>

#include "harness/sys/file.hpp"
#include "harness/sys/installation.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench::cli {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> scenario_files() {
  const auto folder = sys::find_data("scenarios");
  if (!folder) return folder.error();
  std::vector<fs::path> files;
  for (const fs::path& file : sys::entries_of(*folder))
    if (file.extension() == ".json") files.push_back(file);
  std::ranges::sort(files);
  return files;
}

Result<std::string> find_scenario(const std::string& given) {
  std::error_code ignored;
  const bool is_path = given.find('/') != std::string::npos || given.ends_with(".json");
  if (is_path || fs::is_regular_file(given, ignored)) return given;
  const auto files = scenario_files();
  if (!files) return files.error();
  std::vector<std::string> names;
  for (const fs::path& file : *files) {
    if (file.stem() == given) return file.string();
    names.push_back(file.stem());
  }
  return input_error(given, "", "no such file or scenario" + suggestion(given, names));
}

}  // namespace pktbench::cli
