#include "harness/cli/registry.hpp"

#include "backends/af_xdp/af_xdp.hpp"
#include "backends/dpdk/dpdk.hpp"
#include "backends/external/external.hpp"
#include "backends/fake/fake.hpp"
#include "backends/kernel/kernel.hpp"
#include "backends/packet/packet_mmap.hpp"
#include "backends/socket/udp.hpp"
#include "backends/uring/uring.hpp"
#include "backends/xdp/xdp.hpp"
#include "harness/method/throughput.hpp"
#include "harness/testbed/memory.hpp"
#include "harness/testbed/nic.hpp"
#include "harness/testbed/simulated.hpp"
#include "harness/testbed/veth.hpp"
#include "harness/traffic/memory.hpp"
#include "harness/traffic/packet_sendmmsg.hpp"
#include "harness/traffic/reflect_sink.hpp"
#include "harness/traffic/simulated.hpp"
#include "harness/traffic/udp_sendmmsg.hpp"
#include "harness/traffic/xdp_live.hpp"

namespace pktbench::cli {

const Registry& registry() {
  using namespace backends;
  using namespace traffic;
  using namespace testbed;
  static const Registry all{
      .backends = {udp_recvfrom_backend(), udp_recvmmsg_backend(), udp_uring_backend(),
                   packet_mmap_backend(), kprobe_count_backend(), nft_drop_backend(),
                   tc_drop_backend(), xdp_generic_backend(), xdp_native_backend(),
                   xdp_offload_backend(), af_xdp_backend(), dpdk_backend(), external_backend(),
                   fake_backend()},
      .generators = {xdp_live_generator(), packet_sendmmsg_generator(), udp_sendmmsg_generator(),
                     memory_generator(), simulated_generator()},
      .testbeds = {veth_testbed(make_reflect_sink), memory_testbed(), nic_testbed(),
                   simulated_testbed()},
      .methods = {method::throughput_method()}};
  return all;
}

}  // namespace pktbench::cli
