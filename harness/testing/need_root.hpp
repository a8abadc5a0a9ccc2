// For tests only.
#pragma once

#include <gtest/gtest.h>

#include "harness/sys/cpu.hpp"

// In a test or SetUp(): skips the test without the privileges that root tests need.
#define NEED_ROOT()                                                                           \
  if (const auto missing_root = pktbench::sys::missing_capabilities(); !missing_root.empty()) \
  GTEST_SKIP() << "needs " << missing_root.front()
