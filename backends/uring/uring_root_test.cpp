#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "backends/backend_types.hpp"
#include "backends/socket/udp_suite.hpp"
#include "harness/testing/need_root.hpp"

namespace pktbench::backends {

PKTBENCH_UDP_SUITE(udp_uring_backend);

namespace {

// The receive request ends whenever its buffers or the room for completions run out.
TEST(UdpUringExhausted, NothingIsLostUncounted) {
  NEED_ROOT();
  const auto type = udp_uring_backend();
  const auto source_type = generator("packet-sendmmsg");
  for (const auto& [ring_size, buffers] : {std::pair{8, 8}, {8, 1024}, {1024, 8}})
    for (std::int64_t rcvbuf : {std::int64_t{4096}, std::int64_t{1} << 20}) {
      const TestVeth veth;
      const auto source = source_type.make();
      const auto sink = type.make();
      auto config = backend_of(veth, type, rcvbuf);
      config.options["ring_size"] = std::int64_t{ring_size};
      config.options["buffers"] = std::int64_t{buffers};
      const auto mode = need(sink->start(config));
      EXPECT_EQ(mode.details.at("ring_size"), std::to_string(ring_size));
      EXPECT_EQ(mode.details.at("buffers"), std::to_string(buffers));
      need(source->start(traffic_of(veth, source_type, {64, 5})));
      const auto sent = send_exactly(*source, 100'000);
      const auto got = drained(*sink, sent.packets);
      EXPECT_EQ(got.packets + sum(got.drops), sent.packets);
      EXPECT_EQ(got.drops.at("socket_buffer"), sum(got.drops));
      EXPECT_EQ(got.bytes, got.packets * 60);
      EXPECT_EQ(got.foreign, 0u);
      // No worker of the kernel's came in beside the thread that is accounted for.
      for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream comm(task.path() / "comm");
        std::string name;
        comm >> name;
        EXPECT_FALSE(name.starts_with("iou-")) << name;
      }
    }
}

}  // namespace
}  // namespace pktbench::backends
