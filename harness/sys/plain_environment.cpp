#include "harness/sys/plain_environment.hpp"

#include <cstdlib>

namespace pktbench::sys {

PlainEnvironment::PlainEnvironment()
    : variables_{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"} {
  for (const char* name : {"SUDO_UID", "SUDO_GID", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name))
      variables_.push_back(std::string(name) + "=" + value);
  for (std::string& variable : variables_) pointers_.push_back(variable.data());
  pointers_.push_back(nullptr);
}

}  // namespace pktbench::sys
