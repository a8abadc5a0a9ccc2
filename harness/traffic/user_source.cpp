#include "harness/traffic/user_source.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "harness/core/pacer.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::traffic {

namespace {

// One batch takes well below a millisecond; this is for a host that does not schedule the thread.
constexpr std::chrono::seconds kRestTimeout{10};

// Of the device's queue, or of the socket's buffer while the device holds what was sent.
bool no_room(int error) { return error == ENOBUFS || error == EAGAIN; }

}  // namespace

OptionSpec batch_option() {
  return number_option("batch", 64, 1, 1024, "frames per system call at most; paced: those due");
}

Unavailable no_socket(int domain, int type, const std::string& what) {
  const sys::Fd socket(::socket(domain, type | SOCK_CLOEXEC, 0));
  return socket ? "" : system_error("cannot open " + what, errno).message;
}

Result<void> UserSource::start(const TrafficConfig& config) {
  stop();
  if (config.from.cpus.empty())
    return make_error(ErrorCode::invalid_input,
                      "port " + config.from.name + " has no CPU to send from");
  config_ = config;
  batch_ = config.stamped ? 1 : option<unsigned>(config.options, "batch");
  lateness_ = config.stamped ? std::make_unique<pb_delays>() : nullptr;
  ready_ = quit_ = open_ = false;
  wanted_ = served_ = unsent_ = started_ns_ = sent_since_open_ = refused_ = 0;
  send_errno_ = 0;
  error_.reset();
  sent_.store(0, std::memory_order_relaxed);

  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_; });
  if (!error_) return {};
  const Error error = *error_;
  lock.unlock();
  stop();
  return error;
}

Result<void> UserSource::set_up() {
  if (auto r = sys::pin_thread(0, config_.from.cpus.front()); !r) return r.error();
  return sender_->open(config_, batch_);
}

void UserSource::run() {
  auto scope = sys::NetnsScope::enter(config_.from.netns_path);
  const Result<void> up = scope ? set_up() : scope.error();

  std::unique_lock lock(mutex_);
  ready_ = true;
  tid_ = sys::current_tid();
  if (!up) error_ = up.error();
  changed_.notify_all();
  while (true) {
    changed_.wait(lock, [this] { return quit_ || served_ != wanted_; });
    if (quit_) break;
    const std::uint64_t order = wanted_;
    const std::uint64_t limit = limit_;
    const std::optional<double> rate = rate_;
    lock.unlock();
    send_until_shut(limit, rate);
    lock.lock();
    served_ = order;
    if (send_errno_ != 0 && !error_)
      error_ = system_error("send on " + config_.from.name, send_errno_);
    changed_.notify_all();
  }
  lock.unlock();
  sender_->close();
}

// Per batch: two relaxed loads of the gate, one store, two indirect calls, one system call. Paced:
// one clock read (vDSO) per turn of the loop. Per frame: what the sender's prepare() says. Stamped:
// one division, and pb_count_delay().
void UserSource::send_until_shut(std::uint64_t limit, std::optional<double> rate) {
  const std::uint64_t first_seq = sent_.load(std::memory_order_relaxed);
  std::uint64_t sent = 0;
  started_ns_ = gate_.load(std::memory_order_relaxed) ? sys::monotonic_ns() : 0;
  Pacer pacer(rate.value_or(1), started_ns_);

  while (sent < limit && send_errno_ == 0 && gate_.load(std::memory_order_relaxed)) {
    auto count = static_cast<unsigned>(std::min<std::uint64_t>(batch_, limit - sent));
    std::uint64_t due_ns = 0;
    if (rate) {
      const std::uint64_t now_ns = sys::monotonic_ns();
      count = pacer.take(now_ns, sent, count);
      if (count == 0) continue;
      if (lateness_) {
        due_ns = pacer.due_at(sent);
        pb_count_delay(lateness_.get(), due_ns, now_ns);
      }
    }
    sender_->prepare(first_seq + sent, count, due_ns);
    unsigned done = 0;
    while (done < count) {
      const int taken = sender_->send(done, count - done);
      if (taken >= 0) {
        done += static_cast<unsigned>(taken);
      } else if (no_room(-taken)) {
        ++refused_;
      } else if (taken != -EINTR) {
        send_errno_ = -taken;
        break;
      }
      if (!gate_.load(std::memory_order_relaxed)) break;
    }
    sent += done;
    sent_.store(first_seq + sent, std::memory_order_relaxed);
  }
  sent_since_open_ = sent;
}

void UserSource::open(std::uint64_t limit, std::optional<double> rate_pps) {
  const std::lock_guard lock(mutex_);
  if (error_ || !thread_.joinable()) return;
  limit_ = limit;
  rate_ = rate_pps;
  open_ = true;
  ++wanted_;
  gate_.store(true, std::memory_order_relaxed);
  changed_.notify_all();
}

bool UserSource::finished() {
  const std::lock_guard lock(mutex_);
  return wanted_ != 0 && served_ == wanted_ && sent_since_open_ == limit_ && !error_;
}

Result<void> UserSource::close() {
  std::unique_lock lock(mutex_);
  if (open_) {
    gate_.store(false, std::memory_order_relaxed);
    const std::uint64_t closed_ns = sys::monotonic_ns();
    if (!changed_.wait_for(lock, kRestTimeout, [this] { return served_ == wanted_; }))
      return make_error(ErrorCode::failed, "the generator on " + config_.from.name +
                                               " did not come to rest within 10 s");
    open_ = false;
    if (rate_ && started_ns_ != 0 && closed_ns > started_ns_) {
      const Pacer pacer(*rate_, started_ns_);
      const std::uint64_t due = std::min(pacer.due(closed_ns), limit_);
      unsent_ += due > sent_since_open_ ? due - sent_since_open_ : 0;
    }
  }
  if (error_) return *error_;
  return {};
}

Result<SentCounters> UserSource::sample() {
  const std::lock_guard lock(mutex_);
  SentCounters counters;
  counters.packets = sent_.load(std::memory_order_relaxed);
  counters.bytes = sender_->bytes_of(counters.packets);
  counters.unsent = unsent_;
  counters.refused = refused_;
  return counters;
}

Result<std::vector<DelayCounts>> UserSource::delays() {
  const std::lock_guard lock(mutex_);
  return std::vector{delay_counts(*lateness_)};
}

std::vector<pid_t> UserSource::threads() const {
  if (!thread_.joinable()) return {};
  return {tid_};
}

void UserSource::stop() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    gate_.store(false, std::memory_order_relaxed);
    quit_ = true;
    changed_.notify_all();
  }
  thread_.join();
  open_ = false;
  served_ = wanted_;
}

}  // namespace pktbench::traffic
