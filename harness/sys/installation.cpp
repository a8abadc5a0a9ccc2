#include "harness/sys/installation.hpp"

#include <filesystem>
#include <system_error>

namespace pktbench::sys {

namespace {

namespace fs = std::filesystem;

struct Places {
  const char* installed;  // relative to the program's folder
  const char* built;
};
constexpr Places kData{PKTBENCH_DATA_FROM_BIN, "checkout"};
constexpr Places kHelpers{PKTBENCH_LIBEXEC_FROM_BIN, "."};

Result<std::string> find(const std::string& name, const Places& places, ErrorCode code) {
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) return system_error("read /proc/self/exe", failed.value());
  const fs::path folder = program.parent_path();
  const fs::path installed = (folder / places.installed).lexically_normal();
  const fs::path built = (folder / places.built).lexically_normal();
  for (const fs::path& place : {built, installed}) {
    const fs::path file = (place / name).lexically_normal();
    if (fs::exists(file, failed)) return file.string();
    if (failed) return system_error("look at " + file.string(), failed.value());
  }
  return make_error(code, name + " of " + program.string() + " is neither in " +
                              installed.string() + " nor in " + built.string() +
                              "; install all of pktbench (cmake --install BUILD), or the package "
                              "anew");
}

}  // namespace

Result<std::string> find_data(const std::string& name) {
  return find(name, kData, ErrorCode::refused);
}

Result<std::string> find_helper(const std::string& name) {
  return find(name, kHelpers, ErrorCode::unsupported);
}

}  // namespace pktbench::sys
