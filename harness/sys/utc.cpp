#include "harness/sys/utc.hpp"

#include <time.h>

#include <array>
#include <cstdio>

namespace pktbench::sys {

using std::chrono::system_clock;

namespace {

system_clock::duration since_boot() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::duration_cast<system_clock::duration>(std::chrono::seconds(t.tv_sec) +
                                                            std::chrono::nanoseconds(t.tv_nsec));
}

std::string formatted(system_clock::time_point at, const char* format) {
  const time_t seconds = system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

}  // namespace

std::string rfc3339_utc(system_clock::time_point at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at) - second;
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms.count()));
  return formatted(at, "%Y-%m-%dT%H:%M:%S") + fraction.data();
}

std::string file_name_utc(system_clock::time_point at) { return formatted(at, "%Y%m%dT%H%M%SZ"); }

system_clock::time_point utc_now() {
  static const system_clock::time_point boot = system_clock::now() - since_boot();
  return boot + since_boot();
}

}  // namespace pktbench::sys
