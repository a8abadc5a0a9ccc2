#include "harness/cli/registry.hpp"

#include "backends/backend_types.hpp"
#include "backends/common/workload_state.hpp"
#include "harness/method/back_to_back/back_to_back.hpp"
#include "harness/method/flip/flip.hpp"
#include "harness/method/latency/latency.hpp"
#include "harness/method/load_sweep/load_sweep.hpp"
#include "harness/method/search/search.hpp"
#include "harness/method/soak/soak.hpp"
#include "harness/method/throughput.hpp"
#include "harness/testbed/testbeds.hpp"
#include "harness/traffic/generators.hpp"
#include "harness/traffic/reflect_sink.hpp"

namespace pktbench::cli {

const Registry& registry() {
  using namespace testbed;
  static const Registry all{
      .workloads = backends::workload_types(),
      .backends = backends::backends(),
      .generators = traffic::generators(),
      .testbeds = {veth_testbed(traffic::make_reflect_sink), memory_testbed(),
                   nic_testbed(traffic::make_reflect_sink), simulated_testbed()},
      .methods = {method::throughput_method(), method::search_method(), method::load_sweep_method(),
                  method::latency_method(), method::flip_method(), method::back_to_back_method(),
                  method::soak_method()}};
  return all;
}

}  // namespace pktbench::cli
