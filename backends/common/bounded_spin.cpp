#include "backends/common/bounded_spin.hpp"

#include "harness/sys/detached_mount.hpp"
#include "harness/sys/file.hpp"

namespace pktbench::backends {

bool napi_in_threads(const Port& port) {
  bool threaded = false;
  (void)sys::with_sysfs_of(port.netns_path, [&](const std::string& sysfs) -> Result<void> {
    const auto text = sys::read_file(sysfs + "/class/net/" + port.name + "/threaded");
    threaded = text && text->starts_with("1");
    return {};
  });
  return threaded;
}

SpinTime spin_time(const Port& port, std::size_t loops, std::uint32_t asked_us) {
  if (asked_us == 0) return {0, "0"};
  if (napi_in_threads(port)) return {0, "0: NAPI runs in threads"};
  if (loops > port.cpus.size()) return {0, "0: queues share a CPU"};
  return {asked_us, std::to_string(asked_us)};
}

}  // namespace pktbench::backends
