// The pump: a socket by which a thread of ours runs a device's NAPI, instead of softirqs or a NAPI
// thread. All of the DUT's work is then on one thread of one CPU.
//
// The socket prefers busy polling, and knows the device's NAPI by one packet that it has received
// through it; after that a non-blocking receive on it runs NAPI once. Interrupt deferral keeps NAPI
// from being scheduled elsewhere between two such calls.
//
// Threads: one controlling thread. Source: the kernel's Documentation/networking/napi.rst.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <thread>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::testbed {

class NapiPump {
 public:
  // REQUIRES: the link is up, GRO is on at `dut`, TSO is off at `generator`, and nothing is
  // attached to `dut` that would take a UDP packet away. Sends that one packet.
  static Result<std::unique_ptr<NapiPump>> open(const Port& generator, const Port& dut);

  explicit NapiPump(sys::Fd socket) : socket_(std::move(socket)) {}
  ~NapiPump() { stop_thread(); }

  int fd() const { return socket_.get(); }

  // For a backend without a loop of its own: a thread on `cpu` that does nothing but pump.
  Result<pid_t> start_thread(int cpu);
  void stop_thread() noexcept;

 private:
  sys::Fd socket_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
};

}  // namespace pktbench::testbed
