#include "harness/testbed/two_cpus.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "harness/sys/cpu.hpp"

namespace pktbench::testbed {

namespace {

OptionSpec cpu_option(std::string name, std::string help) {
  return {.name = std::move(name),
          .default_value = std::int64_t{-1},
          .choices = {},
          .min = -1,
          .max = 1023,
          .help = std::move(help)};
}

}  // namespace

std::string probe_two_cpus() {
  if (auto missing = sys::missing_capabilities(); !missing.empty())
    return "needs " + missing.front() + " (run as root)";
  if (sys::allowed_cpus().size() < 2) return "needs two CPUs";
  return "";
}

OptionSpec generator_cpu_option() {
  return cpu_option("generator_cpu", "CPU of the generator; -1: the first this process may use");
}

OptionSpec dut_cpu_option(std::string help) { return cpu_option("dut_cpu", std::move(help)); }

Result<TwoCpus> choose_two_cpus(const Options& options, const std::string& testbed) {
  const std::vector<int> cpus = sys::allowed_cpus();
  if (cpus.size() < 2)
    return make_error(ErrorCode::refused,
                      "the " + testbed +
                          " testbed needs two CPUs, one for the generator and one for the DUT; "
                          "this process may use " +
                          std::to_string(cpus.size()));
  auto generator = static_cast<int>(option<std::int64_t>(options, "generator_cpu"));
  auto dut = static_cast<int>(option<std::int64_t>(options, "dut_cpu"));
  if (dut < 0) dut = cpus.back() != generator ? cpus.back() : cpus.front();
  if (generator < 0) generator = cpus.front() != dut ? cpus.front() : cpus.back();
  for (int cpu : {generator, dut})
    if (std::find(cpus.begin(), cpus.end(), cpu) == cpus.end())
      return make_error(ErrorCode::invalid_input,
                        "/testbed: this process may not use CPU " + std::to_string(cpu));
  if (generator == dut)
    return make_error(ErrorCode::invalid_input, "/testbed: generator_cpu and dut_cpu are both " +
                                                    std::to_string(dut) + "; choose two");
  return TwoCpus{generator, dut};
}

}  // namespace pktbench::testbed
