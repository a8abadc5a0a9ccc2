// The CPUs of a testbed on this machine: one for the generator, another for the DUT.
//
// Threads: any. Errors: `refused` where this process has not two; `invalid_input` for a choice that
// it may not use.
#pragma once

#include <string>

#include "harness/core/options.hpp"
#include "harness/core/result.hpp"

namespace pktbench::testbed {

struct TwoCpus {
  int generator = 0;
  int dut = 0;
};

// Why this process cannot build a testbed on two CPUs; empty: it can.
std::string probe_two_cpus();

// The options that choose_two_cpus() reads; -1: it chooses.
OptionSpec generator_cpu_option();
OptionSpec dut_cpu_option(std::string help);

Result<TwoCpus> choose_two_cpus(const Options& options, const std::string& testbed);

}  // namespace pktbench::testbed
