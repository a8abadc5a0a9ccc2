#include "harness/testbed/napi_pump.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <tuple>

#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/pump.hpp"

namespace pktbench::testbed {

namespace {

constexpr std::uint16_t kPort = 7;  // echo; the frames of a trial go to discard
constexpr int kBusyPollMicroseconds = 50;
constexpr int kBudget = 64;  // frames per call, the kernel's own weight
constexpr int kAttempts = 50;

sockaddr_in address(std::uint32_t ipv4) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(kPort);
  a.sin_addr.s_addr = htonl(ipv4);
  return a;
}

Result<void> set(int socket, int name, int value, const char* what) {
  if (setsockopt(socket, SOL_SOCKET, name, &value, sizeof value) == 0) return {};
  Error e = system_error(std::string("set ") + what, errno);
  if (errno == ENOPROTOOPT) {
    e.code = ErrorCode::unsupported;
    e.message += " (the pump arrangement needs Linux 5.11 with CONFIG_NET_RX_BUSY_POLL)";
  }
  return e;
}

Result<sys::Fd> open_receiver(const Port& dut) {
  auto inside = sys::NetnsScope::enter(dut.netns_path);
  if (!inside) return inside.error();
  sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_error("open the pump's socket", errno);
  for (const auto& [name, value, what] :
       {std::tuple(SO_BUSY_POLL, kBusyPollMicroseconds, "SO_BUSY_POLL"),
        std::tuple(SO_PREFER_BUSY_POLL, 1, "SO_PREFER_BUSY_POLL"),
        std::tuple(SO_BUSY_POLL_BUDGET, kBudget, "SO_BUSY_POLL_BUDGET")})
    if (auto r = set(socket.get(), name, value, what); !r) return r.error();
  const sockaddr_in here = address(dut.ipv4);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
    return system_error("bind the pump's socket", errno);
  return socket;
}

}  // namespace

Result<std::unique_ptr<NapiPump>> NapiPump::open(const Port& generator, const Port& dut) {
  auto receiver = open_receiver(dut);
  if (!receiver) return receiver.error();
  auto inside = sys::NetnsScope::enter(generator.netns_path);
  if (!inside) return inside.error();
  const sys::Fd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!sender) return system_error("open a UDP socket", errno);
  const sockaddr_in there = address(dut.ipv4);
  for (int i = 0; i < kAttempts; ++i) {
    const char byte = 0;
    (void)sendto(sender.get(), &byte, sizeof byte, 0, reinterpret_cast<const sockaddr*>(&there),
                 sizeof there);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    char received;
    while (recv(receiver->get(), &received, sizeof received, MSG_DONTWAIT) >= 0) {
    }
    unsigned napi = 0;
    socklen_t size = sizeof napi;
    if (getsockopt(receiver->get(), SOL_SOCKET, SO_INCOMING_NAPI_ID, &napi, &size) == 0 &&
        napi != 0)
      return std::make_unique<NapiPump>(std::move(*receiver));
  }
  return make_error(ErrorCode::unsupported,
                    "packets to {} do not come through a NAPI that can be polled", dut.name);
}

Result<pid_t> NapiPump::start_thread(int cpu) {
  stop_thread();
  stop_ = false;
  return sys::start_pinned(thread_, cpu, [this] {
    // Per turn: one system call, which is NAPI's work, and one relaxed load.
    while (!stop_.load(std::memory_order_relaxed)) sys::pump(socket_.get());
  });
}

void NapiPump::stop_thread() noexcept {
  if (!thread_.joinable()) return;
  stop_ = true;
  thread_.join();
}

}  // namespace pktbench::testbed
