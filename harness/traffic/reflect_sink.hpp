// A native XDP program at the generator's device, which counts the test frames that come back and
// drops them. Needs a driver with native XDP.
#pragma once

#include <memory>

#include "harness/core/return_sink.hpp"

namespace pktbench::traffic {

std::unique_ptr<ReturnSink> make_reflect_sink();

}  // namespace pktbench::traffic
