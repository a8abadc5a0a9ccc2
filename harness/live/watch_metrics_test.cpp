#include "harness/live/watch_metrics.hpp"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace pktbench {
namespace {

TEST(WatchMetrics, PacketsAndBytesAreByQueueAndCpuAndExact) {
  WatchCounts counts;
  counts.parts[{0, 1}] = {9007199254740991, 60};  // 2^53 - 1
  counts.parts[{64, 0}] = {7, 420};
  EXPECT_EQ(prometheus::TextSerializer().Serialize(watch_metrics("eth0", "native", counts)),
            "# HELP pktbench_packets_total Frames that arrived, by RX queue and CPU.\n"
            "# TYPE pktbench_packets_total counter\n"
            "pktbench_packets_total{backend=\"watch\",workload=\"pass\",nic=\"eth0\","
            "mode=\"native\",queue=\"0\",cpu=\"1\"} 9007199254740991\n"
            "pktbench_packets_total{backend=\"watch\",workload=\"pass\",nic=\"eth0\","
            "mode=\"native\",queue=\"64+\",cpu=\"0\"} 7\n"
            "# HELP pktbench_bytes_total Their bytes, without the FCS.\n"
            "# TYPE pktbench_bytes_total counter\n"
            "pktbench_bytes_total{backend=\"watch\",workload=\"pass\",nic=\"eth0\","
            "mode=\"native\",queue=\"0\",cpu=\"1\"} 60\n"
            "pktbench_bytes_total{backend=\"watch\",workload=\"pass\",nic=\"eth0\","
            "mode=\"native\",queue=\"64+\",cpu=\"0\"} 420\n");
}

}  // namespace
}  // namespace pktbench
