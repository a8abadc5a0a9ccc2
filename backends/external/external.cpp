// Backend `external`: whatever a command of the scenario's attaches to the DUT's device, counted by
// the device's own statistics or by a command that asks the program. It puts other people's
// programs through the same measurement, to compare with.
//
// With a counter command the frames that the device received and the command does not report are
// drops at `behind_device`: the program itself is not asked where it lost them.
//
// The commands are run by /bin/sh as the user that runs pktbench, in the DUT's network namespace,
// with $DEV set to the device's name. Only run scenarios that you trust.
//
// Options: `attach`, `detach` (commands) and `counter`: "link:rx_packets", "driver:NAME" (a name of
// `ethtool -S`) or "command:COMMAND", which prints one number: the frames received so far.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "harness/core/registry.hpp"
#include "harness/core/units.hpp"
#include "harness/sys/child_process.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::backends {

namespace {

constexpr const char* kDriver = "driver:";
constexpr const char* kLink = "link:rx_packets";
constexpr const char* kCommand = "command:";

constexpr auto kSettled = std::chrono::milliseconds(50);
constexpr auto kSettleTimeout = std::chrono::seconds(5);
constexpr auto kCommandTimeout = std::chrono::seconds(30);

// Threads of every process in process group `group`: what a command has left running.
std::vector<pid_t> threads_of_group(pid_t group) {
  std::vector<pid_t> threads;
  for (const auto& process : sys::processes()) {
    auto stat = sys::read_file(process / "stat");
    // The name, in parentheses, may hold anything; behind it: state, parent, group.
    const auto name_end = stat ? stat->rfind(") ") : std::string::npos;
    if (name_end == std::string::npos) continue;
    std::istringstream fields(stat->substr(name_end + 2));
    std::string state;
    pid_t parent = 0;
    pid_t its_group = 0;
    fields >> state >> parent >> its_group;
    if (its_group != group || state == "Z") continue;
    for (const auto& thread : sys::entries_of(process / "task"))
      threads.push_back(std::stoi(thread.filename()));
  }
  return threads;
}

struct Spawned {
  pid_t group = 0;     // its process group, whose id outlives the shell's end
  std::string output;  // only where it was asked for
};

enum class Output { to_stderr, returned };

// Waits for the command, which inherits this thread's network namespace and runs on the port's
// CPUs, in a process group of its own. Its output does not go to stdout, which is for results.
Result<Spawned> run_command(const std::string& command, const Port& port,
                            Output output = Output::to_stderr) {
  // A file rather than a pipe, which what the command has left running may hold open.
  const sys::Fd out(output == Output::returned ? memfd_create("output", MFD_CLOEXEC) : -1);
  if (output == Output::returned && !out) return system_error("make a file for the output", errno);
  sys::ChildProcess child{.arguments = {"/bin/sh", "-c", command},
                          .environment = sys::whole_environment(),
                          .files = {{out ? out.get() : STDERR_FILENO, STDOUT_FILENO}},
                          .own_input = true,
                          .own_group = true};
  child.environment.push_back("DEV=" + port.name);
  cpu_set_t before;
  cpu_set_t dut;
  CPU_ZERO(&dut);
  for (int cpu : port.cpus) CPU_SET(cpu, &dut);
  sched_getaffinity(0, sizeof before, &before);
  sched_setaffinity(0, sizeof dut, &dut);
  const auto started = sys::start_child(child);
  sched_setaffinity(0, sizeof before, &before);
  if (!started) return system_error("run \"" + command + "\"", started.error().sys_errno);

  const auto deadline = std::chrono::steady_clock::now() + kCommandTimeout;
  int status = 0;
  Spawned spawned{*started, ""};
  while (waitpid(spawned.group, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(-spawned.group, SIGKILL);
      (void)sys::wait_for_child(spawned.group);
      return make_error(ErrorCode::failed, "\"" + command +
                                               "\" did not end within 30 s; start what is to go on "
                                               "in the background (&)");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (WIFSIGNALED(status))
    return make_error(ErrorCode::failed, "\"{}\" was ended by signal {}", command,
                      WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    return make_error(ErrorCode::failed, "\"{}\" ended with status {}", command,
                      WEXITSTATUS(status));
  if (out)
    if (auto r = sys::read_all(out, "read the output of \"" + command + "\"").into(spawned.output);
        !r)
      return r.error();
  return spawned;
}

Result<std::uint64_t> count_of(const std::string& command, const std::string& output) {
  const std::string_view digits =
      std::string_view(output).substr(0, output.find_last_not_of(" \n") + 1);
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return make_error(ErrorCode::failed, "the counter \"" + command +
                                             "\" is to print one number and printed \"" +
                                             std::string(digits.substr(0, 80)) + "\"");
  return count;
}

class External final : public CleanStart {
 public:
  ~External() override { stop(); }

  Result<EffectiveMode> begin(const BackendConfig& config) override {
    port_ = config.port;
    if (!config.traffic.mix.empty())
      return make_error(ErrorCode::unsupported,
                        "backend external counts frames, and not the bytes of a mix of sizes");
    frame_bytes_ = buffer_length(config.traffic.frame_size);
    counter_ = option<std::string>(config.options, "counter");
    detach_ = option<std::string>(config.options, "detach");
    const std::string attach = option<std::string>(config.options, "attach");
    if (attach.empty())
      return make_error(ErrorCode::invalid_input, "backend external: \"attach\" is empty");

    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    const auto before = sys::get_link(port_.name);
    foreign_program_ = before ? before->xdp_program_id : 0;
    attached_ = true;  // half attached is to be detached as well
    auto spawned = run_command(attach, port_);
    if (!spawned) return spawned.error();
    group_ = spawned->group;
    if (auto r = read_counters().into(first_); !r) return r.error();
    return EffectiveMode{"external", "external", {{"attach", attach}, {"counter", counter_}}};
  }

  Result<Counters> sample() override {
    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    auto now = settled_counters();
    if (!now) return now.error();
    Counters c;
    c.packets = now->received - first_.received;
    c.bytes = c.packets * frame_bytes_;
    if (counter_.starts_with(kCommand)) {
      const std::uint64_t by_device = now->by_device - first_.by_device;
      if (by_device < c.packets)
        return make_error(ErrorCode::failed,
                          "the counter reported {} frames of the {} that {} took", c.packets,
                          by_device, port_.name);
      // What the device took and did not drop, and the command did not report.
      c.drops["behind_device"] = by_device - c.packets;
    }
    return c;
  }

  // Those of what `attach` has left running.
  std::vector<pid_t> threads() const override {
    return group_ ? threads_of_group(group_) : std::vector<pid_t>{};
  }

  // Whatever XDP program the device has got since the command began is taken for the command's.
  std::vector<std::uint32_t> programs() const override {
    const auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!attached_ || !inside) return {};
    const auto now = sys::get_link(port_.name);
    if (!now || now->xdp_program_id == 0 || now->xdp_program_id == foreign_program_) return {};
    return {now->xdp_program_id};
  }

  void stop() noexcept override {
    if (!attached_) return;
    attached_ = false;
    if (!detach_.empty()) {
      auto inside = sys::NetnsScope::enter(port_.netns_path);
      const Result<Spawned> done = inside ? run_command(detach_, port_) : inside.error();
      if (!done)
        std::fprintf(stderr, "pktbench: not detached: %s\n",
                     clean_text(done.error().message).c_str());
    }
    // What the command has not ended must not outlive the trial.
    if (group_ && !threads_of_group(group_).empty()) kill(-group_, SIGKILL);
    group_ = 0;
  }

 private:
  struct Count {
    std::uint64_t received = 0;
    std::uint64_t by_device = 0;  // only beside a command's
  };

  // What the program has not received yet is not lost: waits until its count stands still.
  // REQUIRES: in the port's namespace, the generator's gate shut.
  Result<Count> settled_counters() const {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + kSettleTimeout;
    auto count = read_counters();
    auto changed = Clock::now();
    while (count && counter_.starts_with(kCommand) && count->received < count->by_device &&
           Clock::now() - changed < kSettled && Clock::now() < deadline) {
      std::this_thread::sleep_for(kSettled / 5);
      auto now = read_counters();
      if (!now) return now;
      if (now->received != count->received) changed = Clock::now();
      count = now;
    }
    return count;
  }

  // REQUIRES: in the port's namespace.
  Result<Count> read_counters() const {
    Count count;
    auto received = read_counter();
    if (!received) return received.error();
    count.received = *received;
    if (!counter_.starts_with(kCommand)) return count;
    auto link = sys::get_link(port_.name);
    if (!link) return link.error();
    auto statistics = sys::driver_statistics(port_.name);
    if (!statistics) return statistics.error();
    count.by_device = link->rx_packets;
    // veth counts what its XDP program's redirect refused as received, and as dropped by the queue.
    // Its rx_dropped would not do: that has what the peer found no room for as well.
    for (const auto& [name, n] : *statistics)
      if (name.starts_with("rx_queue_") && name.ends_with("_drops") && !name.ends_with("xdp_drops"))
        count.by_device -= n;
    return count;
  }

  Result<std::uint64_t> read_counter() const {
    if (counter_ == kLink) {
      auto link = sys::get_link(port_.name);
      if (!link) return link.error();
      return link->rx_packets;
    }
    if (counter_.starts_with(kCommand)) {
      const std::string command = counter_.substr(std::string_view(kCommand).size());
      auto ran = run_command(command, port_, Output::returned);
      if (!ran) return ran.error();
      return count_of(command, ran->output);
    }
    if (!counter_.starts_with(kDriver))
      return make_error(ErrorCode::invalid_input,
                        "backend external: unknown counter \"" + counter_ +
                            "\"; it is driver:NAME, command:COMMAND or " + kLink);
    const std::string name = counter_.substr(std::string(kDriver).size());
    auto statistics = sys::driver_statistics(port_.name);
    if (!statistics) return statistics.error();
    const auto found = statistics->find(name);
    if (found == statistics->end())
      return make_error(ErrorCode::unsupported,
                        "the driver of " + port_.name + " has no statistic \"" + name + "\"");
    return found->second;
  }

  Port port_;
  std::uint64_t frame_bytes_ = 0;
  std::string counter_;
  std::string detach_;
  Count first_;
  bool attached_ = false;
  std::uint32_t foreign_program_ = 0;  // XDP program that the device had before; 0: none
  pid_t group_ = 0;
};

}  // namespace

BackendType external_backend() {
  return {.name = "external",
          .summary = "what a command of yours attaches, counted by the device's statistics",
          .workloads = {"drop"},
          .options =
              {text_option("attach", "", "command that attaches it; $DEV is the device"),
               text_option("detach", "", "command that detaches it"),
               text_option(
                   "counter", kLink,
                   "link:rx_packets, driver:NAME (of ethtool -S) or command:COMMAND, which prints "
                   "the frames its program has received")},
          .probe = without_root,
          .make = [] { return std::make_unique<External>(); }};
}

}  // namespace pktbench::backends
