// What differs between a build with liburing and one without it.
#pragma once

#include <memory>

#include "harness/core/backend.hpp"
#include "harness/core/registry.hpp"

namespace pktbench::uring {

Unavailable probe();

std::unique_ptr<Backend> make_backend();

}  // namespace pktbench::uring
