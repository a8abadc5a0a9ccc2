#include "harness/sys/cpu_latency.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>

#include "harness/sys/file.hpp"

namespace pktbench::sys {

constexpr const char* kDevice = "/dev/cpu_dma_latency";

std::string cannot_poll_when_idle(int cpu, const std::string& root) {
  if (!std::filesystem::exists(root + kDevice)) return std::string("there is no ") + kDevice;
  const std::string state =
      fmt::format("{}/sys/devices/system/cpu/cpu{}/cpuidle/state0/name", root, cpu);
  const auto name = read_file(state);
  if (!name) return "this kernel has no idle states to choose from: no " + state;
  if (*name != "POLL")
    return "the first idle state of this kernel is " + *name + " and does not poll";
  return {};
}

bool idle_polling_is_held() {
  const Fd device(open(kDevice, O_RDONLY | O_CLOEXEC));
  std::int32_t now_us = -1;
  return device && pread(device.get(), &now_us, sizeof now_us, 0) == sizeof now_us && now_us == 0;
}

Result<Fd> hold_idle_polling() {
  Fd device(open(kDevice, O_RDWR | O_CLOEXEC));
  if (!device) return system_error(std::string("open ") + kDevice, errno);
  const std::int32_t wanted_us = 0;
  if (write(device.get(), &wanted_us, sizeof wanted_us) != sizeof wanted_us)
    return system_error(std::string("write 0 to ") + kDevice, errno);
  if (!idle_polling_is_held())
    return make_error(ErrorCode::failed,
                      std::string(kDevice) + " is not 0 after 0 was written to it");
  return device;
}

}  // namespace pktbench::sys
