#include "harness/testbed/network_end.hpp"

#include <net/if.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <thread>

#include "harness/core/lookup.hpp"
#include "harness/measure/queue_counters.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/testbed/host_testbed.hpp"
#include "harness/testbed/ipv6_port.hpp"
#include "harness/testbed/namespaces.hpp"
#include "harness/undo/device_setting.hpp"

namespace pktbench::testbed {

std::string probe_napi_threads() {
  if (std::string missing = probe_two_cpus(); !missing.empty()) return missing;
  if (!sys::in_host_pid_namespace())
    return "needs the host's PID namespace, to find NAPI threads (a container's --pid=host)";
  return "";
}

NetworkEnd::NetworkEnd(measure::PortEnd side) : side_(side) {
  made.ipv4 = is_dut() ? kDutAddress : kGeneratorAddress;
}

Result<std::vector<pid_t>> NetworkEnd::settle(bool) {
  // Attaching a program or setting up zero-copy has many a driver begin its counters at zero.
  count_anew();
  std::vector<pid_t> threads;
  if (!is_dut() || lent_) return threads;
  if (threaded_) return place_napi_threads(fifo_);
  // Softirqs that take too long go on in these.
  for (const int cpu : softirq_cpus())
    // The shortest of that beginning: of CPU 1 and not of 10.
    if (const auto named = sys::threads_named(fmt::format("ksoftirqd/{}", cpu)); !named.empty())
      threads.push_back(named.front());
  return threads;
}

Result<std::vector<pid_t>> NetworkEnd::place_napi_threads(bool fifo) const {
  std::vector<pid_t> threads;
  // Those of a device of that name that has just been deleted are there until the kernel comes to
  // it.
  for (int attempt = 0; attempt < 1000 && threads.size() != made.queues; ++attempt) {
    if (attempt) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    // napi/DEVICE-ID; the device's name is unique on this host, and the ids of its queues rise.
    threads = sys::threads_named("napi/" + made.name + "-");
  }
  if (threads.size() < made.queues)
    return make_error(ErrorCode::failed, "the kernel made {} NAPI threads for {} instead of {}",
                      threads.size(), made.name, made.queues);
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const pid_t thread = threads[i];
    // A driver with several for a queue makes them together.
    const std::size_t queue = i * made.queues / threads.size();
    if (auto r = sys::pin_thread(thread, made.cpu_of_queue(queue)); !r) return r.error();
    sched_param parameter{};
    parameter.sched_priority = fifo ? 1 : 0;
    if (sched_setscheduler(thread, fifo ? SCHED_FIFO : SCHED_OTHER, &parameter) != 0)
      return system_error(fmt::format("set the policy of NAPI thread {}", thread), errno);
  }
  return threads;
}

Result<DropCounts> NetworkEnd::sample() {
  if (lent_) return DropCounts{};
  auto now = inside([&] { return measure::read_device_statistics(made.name); });
  if (!now) return now.error();
  const bool first = !last_;
  if (first) {
    mac_ = {};
    // So that a place that counts nothing is there all the same.
    for (const auto& [place, n] : measure::drops_by_place(driver_, side_, *now)) drops_[place] += 0;
  }
  auto found = measure::reconcile(driver_, side_, first ? *now : *last_, *now);
  for (const auto& [place, n] : found.drops) drops_[place] += n;
  for (const auto& [place, why] : found.missing) missing_[place] = why;
  std::ranges::move(found.notes, std::back_inserter(notes_));
  // What was not known once is not known until the next beginning.
  const auto add = [&](std::optional<std::uint64_t>& count, const char* name) {
    const std::uint64_t* grown = find_in(found.beside, name);
    if (!grown)
      count.reset();
    else if (first)
      count = *grown;
    else if (count)
      *count += *grown;
  };
  if (on_wire()) {
    add(mac_.sent, measure::kMacSent);
    add(mac_.paused, measure::kMacPaused);
  }
  for (const auto& [place, why] : missing_) drops_.erase(place);
  last_ = std::move(*now);
  return drops_;
}

std::vector<std::uint64_t> NetworkEnd::received_by_queue() const {
  if (lent_) return {};
  const auto statistics = inside([&] { return sys::driver_statistics(made.name); });
  return statistics ? measure::received_by_queue(*statistics, made.queues)
                    : std::vector<std::uint64_t>();
}

Result<std::vector<pid_t>> NetworkEnd::take_returned(std::uint32_t trial_tag, bool stamped) {
  if (!make_sink_) return LocalEnd::take_returned(trial_tag, stamped);
  auto sink = make_sink_();
  if (auto r = sink->attach(made, trial_tag, stamped); !r) return r.error();
  if (auto r = drops_on_the_way_back().into(before_return_); !r) return r.error();
  sink_ = std::move(sink);
  return std::vector<pid_t>{};
}

Result<Returned> NetworkEnd::returned() {
  if (!sink_) return LocalEnd::returned();
  auto returned = sink_->sample();
  if (!returned) return returned;
  auto now = drops_on_the_way_back();
  if (!now) return now.error();
  for (const auto& [place, n] : *now) returned->drops[place] = n - before_return_[place];
  return returned;
}

std::vector<std::uint32_t> NetworkEnd::programs() const {
  return sink_ ? std::vector{sink_->program()} : std::vector<std::uint32_t>{};
}

std::map<std::string, std::string> NetworkEnd::missing_drops() const {
  return lent_ ? std::map<std::string, std::string>() : missing_;
}

DropCounts NetworkEnd::turns() const {
  return lent_ ? DropCounts() : measure::turns_by_place(driver_, side_);
}

// The interrupts of a NIC, and the softirqs that these raise, wake NAPI where it has threads of its
// own. A virtual device leaves no softirq there: what there is, is somebody else's. Its frames are
// else handled where they are sent, or where its pump comes too late.
std::vector<int> NetworkEnd::softirq_cpus() const {
  if (lent_ || (threaded_ && made.pci.empty())) return {};
  std::vector<int> cpus = made.cpus;
  if (made.pci.empty()) cpus.insert(cpus.end(), other().cpus.begin(), other().cpus.end());
  return cpus;
}

Result<EndsFound> look_at(const std::vector<const NetworkEnd*>& ends) {
  EndsFound found;
  for (const NetworkEnd* end : ends) {
    if (end->lent()) continue;
    const auto link = sys::get_link(end->made);
    if (!link && link.error().sys_errno != ENODEV) return link.error();
    if (!link || link->ifindex != end->made.ifindex)
      found.gone.push_back(end->made.name);
    else if (!(link->flags & IFF_UP))
      found.down.push_back(end->made.name);
  }
  return found;
}

std::vector<std::string> up_again(const std::vector<std::string>& names) {
  std::vector<std::string> said;
  for (const std::string& name : names) said.push_back(name + " was set down; it is up again");
  return said;
}

Result<void> NetworkEnd::meet_other() const {
  return inside([&]() -> Result<void> {
    const unsigned addresses = is_dut() ? kGeneratorAddresses : 1;
    for (unsigned i = 0; i < addresses; ++i)
      if (auto r = sys::add_neighbour(made.ifindex, other().ipv4 + i, other().mac); !r) return r;
    if (!ipv6_) return {};
    return give_ipv6(made, is_dut() ? 1 : kGeneratorAddresses, other(), addresses);
  });
}

Result<void> NetworkEnd::reach_behind_other() const {
  return inside([&] {
    auto r = sys::add_route(made.ifindex, kBehindDut, kBehindDutLength);
    return r ? sys::add_neighbour(made.ifindex, kBehindDut, other().mac) : r;
  });
}

Result<void> NetworkEnd::use_frames(const TrafficSpec& traffic) {
  mtu_ = std::max(traffic.frame_size, kMaxStandardFrameSize) - kFrameOverMtu;
  const bool had_ipv6 = std::exchange(ipv6_, traffic.ip == 6);
  if (lent_) return {};
  auto done = inside([&]() -> Result<void> {
    const auto link = sys::get_link(made.name);
    if (!link) return link.error();
    if (link->mtu != mtu_)
      if (auto r = set_mtu(mtu_); !r) return r;
    return had_ipv6 && !ipv6_ ? take_ipv6_away(made) : Result<void>{};
  });
  return done && ipv6_ ? meet_other() : done;
}

Result<void> NetworkEnd::bring_up() const {
  return inside([&] { return sys::set_link_up(made.ifindex); });
}

Result<void> NetworkEnd::remove() const {
  return inside([&] { return sys::delete_link(made.ifindex); });
}

Result<std::string> NetworkEnd::get(const std::string& setting) const {
  return inside([&] { return undo::get_device_setting(made.name, setting); });
}

Result<void> NetworkEnd::set(
    std::initializer_list<std::pair<const char*, const char*>> settings) const {
  return inside([&]() -> Result<void> {
    for (const auto& [setting, value] : settings)
      if (auto r = undo::set_device_setting(made.name, setting, value); !r) return r;
    return {};
  });
}

Result<void> NetworkEnd::identify() {
  const auto link = sys::get_link(made);
  if (!link) return link.error();
  made.ifindex = link->ifindex;
  made.mac = link->mac;
  return {};
}

Result<void> NetworkEnd::add_addresses() const {
  for (unsigned i = 0; i < (is_dut() ? 1 : kGeneratorAddresses); ++i)
    if (auto r = sys::add_address(made.ifindex, made.ipv4 + i, kPrefixLength); !r) return r;
  return {};
}

}  // namespace pktbench::testbed
