// Writes a made-up run into a directory, for the validator of results/schema.
#include <cstdio>

#include "harness/host/environment.hpp"
#include "harness/record/run_writer.hpp"
#include "harness/testing/sample_test_run.hpp"

int main(int argc, char** argv) {
  using namespace pktbench;
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIR\n", argv[0]);
    return 2;
  }
  const auto failed = [](const Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return 1;
  };
  RunDocument run = test::sample_run();
  EnvironmentPort port{"dut", {}};
  port.port.name = "lo";
  run.environment_before = capture_environment({port});
  auto writer = RunWriter::create(argv[1]);
  if (!writer) return failed(writer.error());
  for (const CaseResult& result : run.cases)
    for (const TrialRecord& trial : result.trials)
      if (auto r = writer->on_trial(result.spec, trial); !r) return failed(r.error());
  if (auto r = writer->finish(run); !r) return failed(r.error());
  return 0;
}
