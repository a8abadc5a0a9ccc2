// Shared by the checks: a finding, and one for what could not be read.
#pragma once

#include <string>
#include <utility>

#include "harness/testbed/doctor.hpp"

namespace pktbench {

inline Finding make_finding(Severity severity, std::string check, std::string seen, std::string why,
                            std::string fix = "") {
  return {severity, std::move(check), std::move(seen), std::move(why), std::move(fix), false, {}};
}

inline Finding unknown_finding(std::string check, const Error& error, std::string why) {
  return {Severity::info, std::move(check), error.message, std::move(why), "", true, {}};
}

}  // namespace pktbench
