// For tests only: a veth pair between two namespaces of its own, removed with the object. The
// wiring is that of the `veth` testbed: frames from the stack reach the DUT's side through its
// NAPI.
//
// The generator has 198.18.0.1 to .4, the DUT 198.18.1.1. Needs root. thread_napi() and
// deafen_generator() need iproute2.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "harness/core/options.hpp"
#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::testing {

// Every choice at its default.
inline Options default_options(const std::vector<OptionSpec>& specs) {
  Options options;
  for (const OptionSpec& spec : specs) options[spec.name] = spec.default_value;
  return options;
}

inline void need(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

template <class T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

// How many things a folder holds; none where it is not there.
inline std::ptrdiff_t entries(const char* folder) {
  std::error_code none;
  return std::distance(std::filesystem::directory_iterator(folder, none), {});
}

class TestVeth {
 public:
  // Throws std::runtime_error with what could not be done; nothing stays behind.
  explicit TestVeth(unsigned queues = 1) {
    try {
      make(queues);
    } catch (...) {
      remove();
      throw;
    }
  }
  TestVeth(const TestVeth&) = delete;
  TestVeth& operator=(const TestVeth&) = delete;
  ~TestVeth() { remove(); }

  const Port& generator() const { return generator_; }
  const Port& dut() const { return dut_; }

  sys::LinkInfo generator_link() const { return link(generator_); }
  sys::LinkInfo dut_link() const { return link(dut_); }

  // A shell's command, without single quotes, in the DUT's namespace.
  void run_in_dut(const std::string& what) const {
    shell("ip netns exec " + dut_ns_ + " sh -c '" + what + "' 2>/dev/null");
  }

  // Gives the DUT's device a NAPI thread instead of softirqs in the sender's CPU.
  void thread_napi() const { run_in_dut("echo 1 > /sys/class/net/" + dut_.name + "/threaded"); }

  // The DUT's stack sends no ICMP about frames that it has no socket for.
  void refuse_silently() const { run_in_dut("echo 3600000 > /proc/sys/net/ipv4/icmp_ratelimit"); }

  // Frames that come back to the generator's address are counted by its device, and its stack does
  // not answer them: the address is nobody's any more.
  void deafen_generator() const {
    shell("ip -n " + generator_ns_ + " link set dev " + generator_.name +
          " address 02:00:00:00:00:01");
  }

 private:
  static void shell(const std::string& command) {
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }

  static sys::LinkInfo link(const Port& port) {
    const auto scope = need(sys::NetnsScope::enter(port.netns_path));
    return need(sys::get_link(port.name));
  }

  // Router solicitations would spoil the counts. No such file: no IPv6.
  static void disable_ipv6() {
    for (const char* which : {"all", "default"})
      std::ofstream("/proc/sys/net/ipv6/conf/" + std::string(which) + "/disable_ipv6") << "1";
  }

  static void describe(Port& port, const std::string& name, std::uint32_t ipv4, int cpu) {
    const sys::LinkInfo info = need(sys::get_link(name));
    port.name = name;
    port.ifindex = info.ifindex;
    port.mac = info.mac;
    port.ipv4 = ipv4;
    port.cpus = {cpu};
  }

  void make(unsigned queues) {
    static int count = 0;
    const std::string id = fmt::format("{}x{}", getpid(), count++ % 10);
    const auto cpus = sys::allowed_cpus();
    generator_ns_ = "pktbench-test" + id + "-gen";
    dut_ns_ = "pktbench-test" + id + "-dut";
    need(sys::create_netns(generator_ns_));
    need(sys::create_netns(dut_ns_));
    generator_.netns_path = sys::netns_path(generator_ns_);
    dut_.netns_path = sys::netns_path(dut_ns_);
    {
      const auto inside = need(sys::NetnsScope::enter(dut_.netns_path));
      disable_ipv6();
    }
    {
      const sys::Fd peer(open(dut_.netns_path.c_str(), O_RDONLY | O_CLOEXEC));
      const auto inside = need(sys::NetnsScope::enter(generator_.netns_path));
      disable_ipv6();
      need(sys::create_veth_pair("g" + id, "d" + id, peer.get(), queues));
      describe(generator_, "g" + id, 0xc6120001, cpus.front());
      need(sys::set_offload(generator_.name, sys::Offload::tso, false));
      need(sys::set_offload(generator_.name, sys::Offload::tx_checksum, false));
      for (std::uint32_t i = 0; i < 4; ++i)
        need(sys::add_address(generator_.ifindex, generator_.ipv4 + i, 15));
    }
    {
      const auto inside = need(sys::NetnsScope::enter(dut_.netns_path));
      describe(dut_, "d" + id, 0xc6120101, cpus.back());
      dut_.queues = queues;
      need(sys::set_offload(dut_.name, sys::Offload::gro, true));
      need(sys::add_address(dut_.ifindex, dut_.ipv4, 15));
      need(sys::set_link_up(dut_.ifindex));
      for (std::uint32_t i = 0; i < 4; ++i)
        need(sys::add_neighbour(dut_.ifindex, generator_.ipv4 + i, generator_.mac));
    }
    // The generator's side goes up last: the end that is up first starts to send some time after
    // its carrier has come, and until then loses frames without a word.
    const auto inside = need(sys::NetnsScope::enter(generator_.netns_path));
    need(sys::set_link_up(generator_.ifindex));
    need(sys::add_neighbour(generator_.ifindex, dut_.ipv4, dut_.mac));
    // What the DUT sends back would be lost in the same way.
    for (int i = 0; i < 10'000 && !(dut_link().flags & IFF_RUNNING); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  void remove() noexcept {
    for (const std::string& name : {generator_ns_, dut_ns_})
      if (!name.empty()) (void)sys::delete_netns(name);
  }

  std::string generator_ns_;
  std::string dut_ns_;
  Port generator_;
  Port dut_;
};

}  // namespace pktbench::testing
