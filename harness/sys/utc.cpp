#include "harness/sys/utc.hpp"

#include <fmt/chrono.h>
#include <time.h>

namespace pktbench::sys {

using std::chrono::system_clock;
using namespace std::chrono_literals;

namespace {

system_clock::duration since_boot() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::duration_cast<system_clock::duration>(std::chrono::seconds(t.tv_sec) +
                                                            std::chrono::nanoseconds(t.tv_nsec));
}

tm parts_of(system_clock::time_point at) {
  return fmt::gmtime(system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at)));
}

}  // namespace

std::string rfc3339_utc(system_clock::time_point at) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch() % 1s;
  return fmt::format("{:%FT%T}.{:03}Z", parts_of(at), ms.count());
}

std::string file_name_utc(system_clock::time_point at) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", parts_of(at));
}

system_clock::time_point utc_now() {
  static const system_clock::time_point boot = system_clock::now() - since_boot();
  return boot + since_boot();
}

}  // namespace pktbench::sys
