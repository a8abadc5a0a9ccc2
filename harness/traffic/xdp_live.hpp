// The xdp-live generator: the kernel itself makes frames and redirects them into the device
// (BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES). The fastest generator without a NIC.
//
// All its frames arrive on one RX queue: a redirect chooses the queue by the sending CPU.
// It occupies its CPU fully from start() to stop(), also while the gate is shut.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::traffic {

// Options: `batch` (frames per redirect flush) and, at a fixed rate, `burst` (frames that are due
// together; above 1 it takes the place of `batch`).
GeneratorType xdp_live_generator();

}  // namespace pktbench::traffic
