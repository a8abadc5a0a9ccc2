// Every change to the host is one kind of thing: what it is of, how that is read, how it is set,
// and the journal's entry by which it is undone, after a crash too.
//
// What the kernel undoes by itself when the process ends (a request to PM QoS, a BPF link, a
// thread) needs no Change: its object's destructor is enough.
//
// Threads: one; devices and /proc/sys are those of the calling thread's network namespace.
#pragma once

#include <functional>
#include <string>

#include "harness/core/result.hpp"

namespace pktbench::undo {

// How one change is undone: a line of the journal. A journal of an earlier version is undone by
// this one, so that kinds and the form of their values stay.
struct UndoEntry {
  std::string kind;  // "netns": remove the namespace `target`
                     // "write": write `value` into the file `target`
                     // "device": set network device `target` as `value` says (device_setting.hpp)
                     // "port": give port `target` back as `value` says (port_state.hpp)
  std::string target;
  std::string value;
};

// Idempotent. Succeeds where what the entry is about has gone.
Result<void> undo(const UndoEntry& entry);

// What undo() has done: "wrote \"0\" to /proc/...".
std::string describe(const UndoEntry& entry);

struct Change {
  std::string device;  // empty: of no network device
  std::string what;    // the device's setting, or the path of a kernel file
  std::function<Result<std::string>()> get;
  std::function<Result<void>(const std::string& value)> set;
  // The entry that sets it to `before` again.
  std::function<Result<UndoEntry>(const std::string& before)> entry;
};

Change kernel_file(const std::string& path);

// A setting of device_setting.hpp.
Change device_setting(const std::string& device, const std::string& setting);

inline constexpr const char* kThere = "there";

// A network namespace; its value is kThere, or empty.
Change network_namespace(const std::string& name);

}  // namespace pktbench::undo
