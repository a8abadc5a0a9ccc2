#include "harness/live/metrics_server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "harness/live/families.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"

namespace pktbench {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

std::vector<prometheus::MetricFamily> counted(double packets) {
  auto made = family("pktbench_packets_total", "Frames.", prometheus::MetricType::Counter);
  add_count(made, {}, packets);
  return {made};
}

std::unique_ptr<MetricsServer> opened() {
  auto server = MetricsServer::open("127.0.0.1:0");
  if (!server) throw std::runtime_error(server.error().message);
  return std::move(*server);
}

int port_of(const std::string& url) { return std::stoi(url.substr(url.rfind(':') + 1)); }

// The answer to a scrape; empty: there was none.
std::string scraped(const std::string& url) {
  const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port_of(url)));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return "";
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  if (send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
  std::string answer;
  char part[4096];
  for (ssize_t n = 0; (n = recv(socket.get(), part, sizeof part, 0)) > 0;)
    answer.append(part, static_cast<std::size_t>(n));
  return answer;
}

TEST(MetricsAddress, APortAloneIsOfTheLoopback) {
  const auto address = parse_metrics_address("9100");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "127.0.0.1");
  EXPECT_EQ(address->port, 9100);
  const auto all = parse_metrics_address("0.0.0.0:1");
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->host, "0.0.0.0");
}

TEST(MetricsAddress, WhatIsNoneIsBadInput) {
  for (const char* bad : {"", ":9100", "65536", "-1", "9100s", "127.0.0.1", "127.0.0.1:",
                          "here:9100", "[::1]:9100", "127.0.0.1:9100,9101", "256.0.0.1:80"}) {
    const auto address = parse_metrics_address(bad);
    ASSERT_FALSE(address.ok()) << bad;
    EXPECT_EQ(address.error().code, ErrorCode::invalid_input) << bad;
  }
}

TEST(MetricsServer, SaysWhyItCannotListen) {
  const auto first = opened();
  const std::string taken = std::to_string(port_of(first->url()));
  const auto second = MetricsServer::open(taken);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::refused);
  EXPECT_THAT(second.error().message, HasSubstr("port " + taken + " is taken"));
  const auto elsewhere = MetricsServer::open("192.0.2.1:0");
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_EQ(elsewhere.error().code, ErrorCode::invalid_input);
  EXPECT_THAT(elsewhere.error().message, HasSubstr("this host has no address 192.0.2.1"));
}

TEST(MetricsServer, AnswersWithWhatWasPutLast) {
  const auto server = opened();
  EXPECT_THAT(scraped(server->url()), Not(HasSubstr("pktbench_")));
  server->put(counted(5));
  server->put(counted(12));
  EXPECT_THAT(scraped(server->url()), HasSubstr("\npktbench_packets_total 12\n"));
}

TEST(MetricsServer, NobodyIsAnsweredWhileItIsHeld) {
  const auto server = opened();
  server->put(counted(1));
  EXPECT_THAT(scraped(server->url()), HasSubstr("pktbench_packets_total 1\n"));
  server->hold();
  std::atomic<bool> answered = false;
  std::string answer;
  std::thread asks([&] {
    answer = scraped(server->url());
    answered = true;
  });
  std::this_thread::sleep_for(300ms);
  EXPECT_FALSE(answered);
  server->put(counted(2));
  server->release();
  asks.join();
  EXPECT_THAT(answer, HasSubstr("pktbench_packets_total 2\n"));
}

TEST(MetricsServer, WhoeverWaitsIsAnsweredAtTheEnd) {
  auto server = opened();
  server->put(counted(3));
  server->hold();
  std::string answer;
  std::thread asks([&, url = server->url()] { answer = scraped(url); });
  std::this_thread::sleep_for(200ms);
  server.reset();
  asks.join();
  EXPECT_THAT(answer, HasSubstr("pktbench_packets_total 3\n"));
}

TEST(MetricsServer, WaitsForAReaderOnlyWhereThereIsOne) {
  const auto server = opened();
  const StopFlag stop{false};
  server->put(counted(1));
  const auto began = std::chrono::steady_clock::now();
  server->wait_for_reader(stop);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  (void)scraped(server->url());
  server->put(counted(2));
  std::string answer;
  std::thread asks([&] {
    std::this_thread::sleep_for(200ms);
    answer = scraped(server->url());
  });
  server->wait_for_reader(stop);
  asks.join();
  EXPECT_THAT(answer, HasSubstr("pktbench_packets_total 2\n"));
}

TEST(MetricsServer, WhoeverHadToWaitMayHaveGoneBeforeTheAnswer) {
  const auto server = opened();
  const StopFlag stop{false};
  server->hold();
  std::thread waits([&] { (void)scraped(server->url()); });
  std::this_thread::sleep_for(100ms);
  server->put(counted(2));
  server->release();
  waits.join();
  std::atomic<bool> again = false;
  std::thread asks([&] {
    std::this_thread::sleep_for(500ms);
    again = true;
    (void)scraped(server->url());
  });
  server->wait_for_reader(stop);
  EXPECT_TRUE(again);
  asks.join();
}

TEST(MetricsServer, ItsThreadsCanBePlaced) {
  const auto threads = [] {
    std::set<pid_t> ids;
    for (const auto& thread : sys::entries_of("/proc/self/task"))
      ids.insert(std::stoi(thread.filename().string()));
    return ids;
  };
  const auto allowed = sys::allowed_cpus();
  const auto before = threads();
  const auto server = opened();
  ASSERT_TRUE(server->place({allowed.back()}).ok());
  std::size_t placed = 0;
  for (const pid_t id : threads()) {
    const bool its = !before.contains(id);
    EXPECT_EQ(sys::allowed_cpus(id), its ? std::vector{allowed.back()} : allowed);
    placed += its;
  }
  EXPECT_GE(placed, 1U);
  server->put(counted(4));
  EXPECT_THAT(scraped(server->url()), HasSubstr("pktbench_packets_total 4\n"));
}

}  // namespace
}  // namespace pktbench
