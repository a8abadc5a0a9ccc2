// A traffic source that sends from one user-space thread through a batch system call: the thread,
// its gate, the pacing and the limit. What differs between generators is a BatchSender.
//
// The thread is pinned to `from.cpus[0]`, in the port's namespace. It sleeps while the gate is
// shut. When paced it spins on the clock between frames (a sleep would be late by 50 us and more):
// its CPU is always busy while the gate is open.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "bpf/stamp.h"
#include "harness/core/delays.hpp"
#include "harness/core/registry.hpp"

namespace pktbench::traffic {

// The choice "batch" that every UserSource reads.
OptionSpec batch_option();

// Why no socket of this domain and type, which `what` names, can be had; empty: it can.
Unavailable no_socket(int domain, int type, const std::string& what);

// Threads: only the sending thread, in the port's namespace, calls these; bytes_of() any.
class BatchSender {
 public:
  virtual ~BatchSender() = default;

  // Makes sockets and buffers for batches of up to `batch` frames. Nothing is allocated later.
  virtual Result<void> open(const TrafficConfig& config, unsigned batch) = 0;

  // Writes the frames numbered seq, seq + 1, ... of the next batch; `due_ns` is their stamp, 0
  // where the source stamps none.
  virtual void prepare(std::uint64_t seq, unsigned count, std::uint64_t due_ns) = 0;

  // Hands `count` frames of the prepared batch, from the `first`, to the kernel without waiting.
  // Returns how many it took, or a negative errno when none: EINTR, EAGAIN and ENOBUFS are tried
  // again, any other ends the source.
  virtual int send(unsigned first, unsigned count) = 0;

  // Bytes of the first `frames` frames, without FCS. REQUIRES: open().
  virtual std::uint64_t bytes_of(std::uint64_t frames) const = 0;

  // Gives back what open() made, also after open() failed half way.
  virtual void close() = 0;
};

class UserSource final : public TrafficSource, public DelayRecorder {
 public:
  explicit UserSource(std::unique_ptr<BatchSender> sender) : sender_(std::move(sender)) {}
  ~UserSource() override { stop(); }

  Result<void> start(const TrafficConfig& config) override;
  void open(std::uint64_t limit = kNoLimit, std::optional<double> rate_pps = {}) override;
  bool finished() override;
  Result<void> close() override;
  Result<SentCounters> sample() override;
  Result<std::vector<DelayCounts>> delays() override;
  std::vector<pid_t> threads() const override;
  void stop() noexcept override;

 private:
  void run();
  Result<void> set_up();
  void send_until_shut(std::uint64_t limit, std::optional<double> rate);

  std::unique_ptr<BatchSender> sender_;
  TrafficConfig config_;
  unsigned batch_ = 0;
  std::thread thread_;

  // Under the mutex, which the sending loop never takes.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  bool quit_ = false;
  bool open_ = false;
  std::uint64_t wanted_ = 0;  // counts the calls of open()
  std::uint64_t served_ = 0;  // the last of them that the thread has come to rest from
  std::uint64_t limit_ = 0;   // of the last open(), as is the rate
  std::optional<double> rate_;
  std::uint64_t unsent_ = 0;
  std::optional<Error> error_;
  pid_t tid_ = 0;

  // What the last open() came to. Writer: the thread while it sends; reader: others when it is at
  // rest.
  std::uint64_t started_ns_ = 0;  // 0: nothing was sent
  std::uint64_t sent_since_open_ = 0;
  std::uint64_t refused_ = 0;  // since start()
  int send_errno_ = 0;
  std::unique_ptr<pb_delays> lateness_;  // since start(); null: frames are not stamped

  // Writer: the controlling thread.
  alignas(64) std::atomic<bool> gate_{false};
  // Writer: the sending thread.
  alignas(64) std::atomic<std::uint64_t> sent_{0};
};

}  // namespace pktbench::traffic
