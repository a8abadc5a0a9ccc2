#include "backends/external/external.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "harness/core/units.hpp"
#include "harness/sys/cpu.hpp"
#include "harness/sys/ethtool.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::backends {

namespace {

constexpr const char* kDriver = "driver:";
constexpr const char* kLink = "link:rx_packets";

// Waits for the command, which inherits this thread's network namespace. Its output goes to stderr:
// stdout is for results.
Result<void> run_command(const std::string& command, const std::string& device) {
  std::vector<std::string> variables;
  for (char** v = environ; *v; ++v) variables.emplace_back(*v);
  variables.push_back("DEV=" + device);
  std::vector<char*> environment;
  for (std::string& v : variables) environment.push_back(v.data());
  environment.push_back(nullptr);
  std::string text = command;
  std::string shell = "sh";
  std::string flag = "-c";
  char* const arguments[] = {shell.data(), flag.data(), text.data(), nullptr};

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int error =
      posix_spawn(&child, "/bin/sh", &actions, nullptr, arguments, environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error) return system_error("run \"" + command + "\"", error);
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return system_error("wait for \"" + command + "\"", errno);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return make_error(ErrorCode::failed, "\"" + command + "\" ended with status " +
                                             std::to_string(WEXITSTATUS(status)));
  return {};
}

class External final : public Backend {
 public:
  ~External() override { stop(); }

  Result<EffectiveMode> start(const BackendConfig& config) override {
    port_ = config.port;
    frame_bytes_ = buffer_length(config.frame_size);
    counter_ = option<std::string>(config.options, "counter");
    detach_ = option<std::string>(config.options, "detach");
    const std::string attach = option<std::string>(config.options, "attach");
    if (attach.empty())
      return make_error(ErrorCode::invalid_input, "backend external: \"attach\" is empty");

    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    attached_ = true;  // half attached is to be detached as well
    if (auto r = run_command(attach, port_.name); !r) {
      stop();
      return r.error();
    }
    auto now = read_counter();
    if (!now) {
      stop();
      return now.error();
    }
    first_ = *now;
    return EffectiveMode{"external", "external", {{"attach", attach}, {"counter", counter_}}};
  }

  Result<Counters> sample() override {
    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    auto now = read_counter();
    if (!now) return now.error();
    Counters c;
    c.packets = *now - first_;
    c.bytes = c.packets * frame_bytes_;
    return c;
  }

  std::vector<pid_t> threads() const override { return {}; }

  void stop() noexcept override {
    if (!attached_) return;
    attached_ = false;
    if (detach_.empty()) return;
    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (inside) (void)run_command(detach_, port_.name);  // the command says on stderr what failed
  }

 private:
  // REQUIRES: in the port's namespace.
  Result<std::uint64_t> read_counter() const {
    if (counter_ == kLink) {
      auto link = sys::get_link(port_.name);
      if (!link) return link.error();
      return link->rx_packets;
    }
    if (!counter_.starts_with(kDriver))
      return make_error(
          ErrorCode::invalid_input,
          "backend external: unknown counter \"" + counter_ + "\"; it is driver:NAME or " + kLink);
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
  std::uint64_t first_ = 0;
  bool attached_ = false;
};

OptionSpec text(const char* name, const char* value, const char* help) {
  return {.name = name,
          .default_value = std::string(value),
          .choices = {},
          .min = {},
          .max = {},
          .help = help};
}

std::string probe() {
  if (auto missing = sys::missing_capabilities(); !missing.empty())
    return "needs " + missing.front() + " (run as root)";
  return "";
}

}  // namespace

BackendType external_backend() {
  return {.name = "external",
          .summary = "what a command of yours attaches, counted by the device's statistics",
          .workloads = {"drop"},
          .options = {text("attach", "", "command that attaches it; $DEV is the device"),
                      text("detach", "", "command that detaches it"),
                      text("counter", kLink, "driver:NAME (of ethtool -S) or link:rx_packets")},
          .probe = probe,
          .make = [] { return std::make_unique<External>(); }};
}

}  // namespace pktbench::backends
