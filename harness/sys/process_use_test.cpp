#include "harness/sys/process_use.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "harness/sys/fd.hpp"

namespace pktbench::sys {
namespace {

TEST(ProcessUse, GrowsByWhatIsOpenedAndTouched) {
  const auto before = process_use();
  ASSERT_TRUE(before) << before.error().message;
  const std::vector<Fd> opened = [] {
    std::vector<Fd> made;
    for (int i = 0; i < 10; ++i) made.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    return made;
  }();
  std::vector<char> memory(32 << 20);
  std::memset(memory.data(), 1, memory.size());
  const auto after = process_use();
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->open_fds, before->open_fds + 10);
  EXPECT_GE(after->rss_bytes, before->rss_bytes + (24u << 20));
}

TEST(ProcessUse, CountsAChildOfAChild) {
  const auto before = process_use();
  ASSERT_TRUE(before) << before.error().message;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    if (fork() == 0) {
      for (int i = 0; i < 100; ++i) (void)!open("/dev/null", O_RDONLY);
      (void)!write(ready[1], "x", 1);
    }
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const auto after = process_use();
  EXPECT_TRUE(after);
  if (after) {
    EXPECT_GE(after->open_fds, before->open_fds + 100 + 2);
    EXPECT_GT(after->rss_bytes, before->rss_bytes);
  }
  kill(-child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace pktbench::sys
