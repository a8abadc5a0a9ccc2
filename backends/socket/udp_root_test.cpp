#include "backends/socket/udp.hpp"
#include "backends/socket/udp_suite.hpp"

namespace pktbench::backends {

PKTBENCH_UDP_SUITE(udp_recvfrom_backend, udp_recvmmsg_backend);

}  // namespace pktbench::backends
