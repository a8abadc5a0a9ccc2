#include "harness/undo/change.hpp"

#include <cerrno>

#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/undo/device_setting.hpp"
#include "harness/undo/port_state.hpp"

namespace pktbench::undo {

namespace {

struct Kind {
  const char* name;
  Result<void> (*undo)(const UndoEntry&);
  std::string (*describe)(const UndoEntry&);
};

constexpr Kind kKinds[] = {
    {"netns", [](const UndoEntry& e) { return sys::delete_netns(e.target); },
     [](const UndoEntry& e) { return "removed namespace " + e.target; }},
    {"write",
     [](const UndoEntry& e) {
       auto r = sys::write_file(e.target, e.value);
       // What the entry was about has gone with its device or namespace.
       return !r && r.error().sys_errno == ENOENT ? Result<void>() : r;
     },
     [](const UndoEntry& e) { return "wrote \"" + e.value + "\" to " + e.target; }},
    {"device", [](const UndoEntry& e) { return undo_device_setting(e.target, e.value); },
     [](const UndoEntry& e) { return "set " + e.target + " back: " + e.value; }},
    {"port",
     [](const UndoEntry& e) {
       auto state = port_state_from(e.value);
       return state ? give_port_back(*state) : Result<void>(state.error());
     },
     [](const UndoEntry& e) { return "gave port " + e.target + " back as it was"; }},
};

const Kind* kind_of(const UndoEntry& entry) {
  for (const Kind& kind : kKinds)
    if (entry.kind == kind.name) return &kind;
  return nullptr;
}

}  // namespace

Result<void> undo(const UndoEntry& entry) {
  if (const Kind* kind = kind_of(entry)) return kind->undo(entry);
  return make_error(ErrorCode::failed, "the journal names an unknown change \"" + entry.kind +
                                           "\"; was it written by a newer version?");
}

std::string describe(const UndoEntry& entry) {
  const Kind* kind = kind_of(entry);
  return kind ? kind->describe(entry) : entry.kind + " " + entry.target;
}

Change kernel_file(const std::string& path) {
  return {"", path, [path] { return sys::read_file(path); },
          [path](const std::string& value) { return sys::write_file(path, value); },
          [path](const std::string& before) -> Result<UndoEntry> {
            return UndoEntry{"write", path, before};
          }};
}

Change device_setting(const std::string& device, const std::string& setting) {
  return {device, setting, [=] { return get_device_setting(device, setting); },
          [=](const std::string& value) { return set_device_setting(device, setting, value); },
          [=](const std::string& before) -> Result<UndoEntry> {
            auto value = device_undo_value(device, setting, before);
            if (!value) return value.error();
            return UndoEntry{"device", device, std::move(*value)};
          }};
}

Change network_namespace(const std::string& name) {
  return {"", "namespace " + name,
          [name]() -> Result<std::string> {
            return std::string(sys::netns_exists(name) ? kThere : "");
          },
          [name](const std::string& value) {
            return value.empty() ? sys::delete_netns(name) : sys::create_netns(name);
          },
          [name](const std::string&) -> Result<UndoEntry> {
            return UndoEntry{"netns", name, ""};
          }};
}

}  // namespace pktbench::undo
