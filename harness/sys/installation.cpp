#include "harness/sys/installation.hpp"

#include <filesystem>
#include <system_error>

namespace pktbench::sys {

namespace {

namespace fs = std::filesystem;

// Both places are relative to the program's folder.
Result<std::string> find(const std::string& name, const char* when_installed,
                         const char* when_built, ErrorCode code) {
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) return system_error("read /proc/self/exe", failed.value());
  const fs::path folder = program.parent_path();
  const fs::path installed = (folder / when_installed).lexically_normal();
  const fs::path built = (folder / when_built).lexically_normal();
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
  return find(name, PKTBENCH_DATA_FROM_BIN, "checkout", ErrorCode::refused);
}

Result<std::string> find_helper(const std::string& name) {
  return find(name, PKTBENCH_LIBEXEC_FROM_BIN, ".", ErrorCode::unsupported);
}

}  // namespace pktbench::sys
