// Named network namespaces, as iproute2 keeps them (/run/netns/NAME), so that `ip netns exec`
// reaches them while a run goes on.
//
// Threads: a namespace is a property of the calling thread; NetnsScope moves only that thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::sys {

inline constexpr const char* kNetnsDir = "/run/netns";

std::string netns_path(const std::string& name);

// Makes the namespace with its loopback down. Errors: sys_errno EEXIST where the name is taken.
// The caller journals the undo first: delete_netns(name).
Result<void> create_netns(const std::string& name);

// Removes the name; the kernel removes the namespace and the devices in it when nothing else holds
// it. Succeeds when there is no such name.
Result<void> delete_netns(const std::string& name);

bool netns_exists(const std::string& name);

// The kernel's number of the namespace behind a path, without one that of the calling thread's; 0:
// there is none, or /proc does not tell.
std::uint64_t netns_number(const std::string& path = "/proc/thread-self/ns/net");

// A path that enters the namespace of that number, empty for the calling thread's own; nothing
// where no name and no process has it any more.
std::optional<std::string> find_netns(std::uint64_t number);

// The calling thread is in `path`'s namespace while this lives, and returns to its own after that.
class NetnsScope {
 public:
  // An empty path is the thread's own namespace: nothing changes.
  static Result<NetnsScope> enter(const std::string& path);
  NetnsScope(NetnsScope&&) noexcept = default;
  NetnsScope& operator=(NetnsScope&&) = delete;
  ~NetnsScope();

 private:
  explicit NetnsScope(Fd previous) : previous_(std::move(previous)) {}
  Fd previous_;
};

}  // namespace pktbench::sys
