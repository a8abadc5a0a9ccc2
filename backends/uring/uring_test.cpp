#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <thread>

#include "backends/backend_types.hpp"
#include "harness/testing/test_veth.hpp"

namespace pktbench::backends {
namespace {

// What probe() and start() say on a thread whose io_uring_setup() fails with `error`.
struct Said {
  std::string probe;
  Result<EffectiveMode> start = EffectiveMode{};
};

Said where_setup_fails_with(unsigned error) {
  Said said;
  std::thread([&] {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{std::size(code), code};
    ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    const BackendType type = udp_uring_backend();
    said.probe = type.probe();
    BackendConfig config;
    config.port.cpus = {0};
    config.workload = "drop";
    config.options = testing::default_options(type.options);
    const auto backend = type.make();
    said.start = backend->start(config);
    EXPECT_TRUE(backend->threads().empty());
  }).join();
  return said;
}

TEST(UdpUring, WithoutIoUringSaysSo) {
  const Said said = where_setup_fails_with(ENOSYS);
  EXPECT_EQ(said.probe, "this kernel has no io_uring");
  ASSERT_FALSE(said.start);
  EXPECT_EQ(said.start.error().code, ErrorCode::unsupported);
}

TEST(UdpUring, WhereItIsForbiddenSaysSo) {
  const Said said = where_setup_fails_with(EPERM);
  EXPECT_NE(said.probe.find("io_uring is not permitted here"), std::string::npos);
  ASSERT_FALSE(said.start);
  EXPECT_EQ(said.start.error().code, ErrorCode::unsupported);
}

TEST(UdpUring, SizesThatAreNoPowersOfTwoAreRefused) {
  const BackendType type = udp_uring_backend();
  if (const auto reason = type.probe(); !reason.empty()) GTEST_SKIP() << reason;
  for (const char* name : {"ring_size", "buffers"}) {
    BackendConfig config;
    config.port.cpus = {0};
    config.workload = "drop";
    config.options = testing::default_options(type.options);
    config.options[name] = std::int64_t{100};
    const auto mode = type.make()->start(config);
    ASSERT_FALSE(mode);
    EXPECT_EQ(mode.error().code, ErrorCode::invalid_input);
    EXPECT_NE(mode.error().message.find(name), std::string::npos);
  }
}

}  // namespace
}  // namespace pktbench::backends
