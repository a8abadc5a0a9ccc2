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

}  // namespace

std::string rfc3339_utc(system_clock::time_point at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at) - second;
  const time_t seconds = system_clock::to_time_t(second);
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> date{};
  std::array<char, 8> fraction{};
  strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms.count()));
  return std::string(date.data()) + fraction.data();
}

system_clock::time_point utc_now() {
  static const system_clock::time_point boot = system_clock::now() - since_boot();
  return boot + since_boot();
}

}  // namespace pktbench::sys
