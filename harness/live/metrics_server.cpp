#include "harness/live/metrics_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "harness/sys/cpu.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"

namespace pktbench {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

// Writing and sending some hundred lines takes a tenth of it.
constexpr auto kAnswerTakes = 5ms;
constexpr auto kPatience = 5s;
// Those who waited are answered in this time; of some the patience was over, and nobody reads it.
constexpr auto kCrowdTakes = 200ms;
// So the library names its threads, once they are on; those that it makes later begin where the one
// that makes them is.
constexpr const char* kThreadName = "civetweb";

std::set<pid_t> own_threads() {
  std::set<pid_t> ids;
  for (const auto& thread : sys::entries_of("/proc/self/task"))
    ids.insert(std::stoi(thread.filename().string()));
  return ids;
}

sockaddr_in socket_address(const MetricsAddress& address) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(address.port);
  inet_pton(AF_INET, address.host.c_str(), &made.sin_addr);
  return made;
}

// The library only says that it could not listen; the kernel says why.
Result<void> can_listen(const MetricsAddress& address, const std::string& text) {
  const sys::Fd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return system_error("make a socket", errno);
  const int on = 1;
  setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in at = socket_address(address);
  if (bind(probe.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) return {};
  const int error = errno;
  if (error == EADDRINUSE)
    return make_error(ErrorCode::refused,
                      "--metrics {}: port {} is taken; name another, or 0 for any free one", text,
                      address.port);
  if (error == EACCES)
    return make_error(ErrorCode::refused, "--metrics {}: port {} is root's; name one from 1024 on",
                      text, address.port);
  if (error == EADDRNOTAVAIL)
    return make_error(ErrorCode::invalid_input, "--metrics {}: this host has no address {}", text,
                      address.host);
  return system_error("--metrics " + text, error);
}

void connect_once(const MetricsAddress& address) {
  const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in at = socket_address(address);
  (void)connect(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at);
}

// What is answered, and when.
class Snapshot final : public prometheus::Collectable {
 public:
  // By the library's threads.
  std::vector<prometheus::MetricFamily> Collect() const override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !held_; });
    asked_ = true;
    answered_at_ = SteadyClock::now();
    if (answered_at_ - released_at_ > kCrowdTakes) fresh_ = false;
    changed_.notify_all();
    return families_;
  }

  void put(std::vector<prometheus::MetricFamily> families) {
    const std::lock_guard lock(mutex_);
    families_ = std::move(families);
    fresh_ = true;
  }
  void hold() {
    std::unique_lock lock(mutex_);
    held_ = true;
    const auto gone = answered_at_ + kAnswerTakes;
    lock.unlock();
    std::this_thread::sleep_until(gone);
  }
  void release() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(held_, false)) released_at_ = SteadyClock::now();
    changed_.notify_all();
  }
  void wait_for_reader(const StopFlag& stop) {
    std::unique_lock lock(mutex_);
    const auto until = SteadyClock::now() + kPatience;
    while (asked_ && fresh_ && !stop && SteadyClock::now() < until) changed_.wait_for(lock, 50ms);
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<prometheus::MetricFamily> families_;
  bool held_ = false;
  mutable bool asked_ = false;
  mutable bool fresh_ = false;  // put, and not yet answered
  mutable SteadyClock::time_point answered_at_;
  SteadyClock::time_point released_at_;
};

// Threads begin with the signals that their maker takes: those of this process are for its own
// thread, whose sleep they end.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

class HttpServer final : public MetricsServer {
 public:
  explicit HttpServer(const MetricsAddress& address)
      : address_(address),
        // Two may ask at a time.
        exposer_(std::make_unique<prometheus::Exposer>(
            fmt::format("{}:{}", address.host, address.port), 2)) {
    exposer_->RegisterCollectable(snapshot_);
    address_.port = static_cast<std::uint16_t>(exposer_->GetListeningPorts().front());
    for (const pid_t id : own_threads())
      if (!threads_before_.contains(id)) threads_.insert(id);
  }
  ~HttpServer() override {
    snapshot_->release();
    // The library sees that it is to end when somebody connects, or else after two seconds.
    const std::jthread wakes([this](const std::stop_token& ended) {
      while (!ended.stop_requested()) {
        connect_once(address_);
        std::this_thread::sleep_for(10ms);
      }
    });
    exposer_.reset();
  }

  std::string url() const override {
    return fmt::format("http://{}:{}/metrics", address_.host, address_.port);
  }
  void put(std::vector<prometheus::MetricFamily> families) override {
    snapshot_->put(std::move(families));
  }
  Result<void> place(const std::vector<int>& cpus) override {
    for (const pid_t id : own_threads()) {
      const auto name = sys::read_file(fmt::format("/proc/self/task/{}/comm", id));
      if (!threads_.contains(id) && !(name && name->starts_with(kThreadName))) continue;
      if (auto r = sys::place_thread(id, cpus); !r && r.error().sys_errno != ESRCH) return r;
    }
    return {};
  }
  void hold() override { snapshot_->hold(); }
  void release() override { snapshot_->release(); }
  void wait_for_reader(const StopFlag& stop) override { snapshot_->wait_for_reader(stop); }

 private:
  MetricsAddress address_;  // with the port that it has got
  std::set<pid_t> threads_before_ = own_threads();
  std::set<pid_t> threads_;  // that answer, and have been there from the beginning
  std::shared_ptr<Snapshot> snapshot_ = std::make_shared<Snapshot>();
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace

Result<MetricsAddress> parse_metrics_address(const std::string& text) {
  MetricsAddress made{"127.0.0.1", 0};
  std::string port = text;
  if (const auto colon = text.rfind(':'); colon != std::string::npos) {
    made.host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), made.port);
  in_addr ignored{};
  if (error != std::errc() || end != port.data() + port.size() ||
      inet_pton(AF_INET, made.host.c_str(), &ignored) != 1)
    return make_error(
        ErrorCode::invalid_input,
        "--metrics {}: is no port, and no IPv4 address with a port, such as 127.0.0.1:9100", text);
  return made;
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::open(const std::string& address) {
  const auto parsed = parse_metrics_address(address);
  if (!parsed) return parsed.error();
  if (auto r = can_listen(*parsed, address); !r) return r.error();
  const NoSignals here;
  try {
    return std::unique_ptr<MetricsServer>(std::make_unique<HttpServer>(*parsed));
  } catch (const std::exception& e) {
    return make_error(ErrorCode::failed, "--metrics {}: {}", address, e.what());
  }
}

}  // namespace pktbench
