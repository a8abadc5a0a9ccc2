#include "harness/sys/device_setting.hpp"
#include "harness/sys/file.hpp"
#include "harness/testbed/doctor.hpp"

namespace pktbench {

namespace {

Result<std::string> read(const Setting& s) {
  return s.device.empty() ? sys::read_file(s.name) : sys::get_device_setting(s.device, s.name);
}

Result<void> write(const Setting& s) {
  if (!s.device.empty()) return sys::set_device_setting(s.device, s.name, s.value);
  if (auto r = sys::write_file(s.name, s.value); !r) return r;
  auto now = sys::read_file(s.name);
  if (!now) return now.error();
  if (*now != s.value)
    return make_error(ErrorCode::failed, s.name + " did not take " + s.value + ": it has " + *now);
  return {};
}

Result<sys::UndoEntry> undo_of(const Setting& s, const std::string& before) {
  if (s.device.empty()) return sys::UndoEntry{"write", s.name, before};
  auto value = sys::device_undo_value(s.device, s.name, before);
  if (!value) return value.error();
  return sys::UndoEntry{"device", s.device, *value};
}

}  // namespace

Result<std::vector<Applied>> apply_settings(const std::vector<Finding>& findings,
                                            sys::Journal& journal) {
  std::vector<Applied> done;
  for (const Finding& finding : findings)
    for (const Setting& setting : finding.settings) {
      const auto before = read(setting);
      if (!before) {
        done.push_back({setting, "", "", before.error().message});
        continue;
      }
      if (*before == setting.value) continue;
      auto undo = undo_of(setting, *before);
      if (!undo) return undo.error();
      if (auto r = journal.record(*undo); !r) return r.error();
      const auto written = write(setting);
      const auto after = read(setting);
      const std::string now = after ? *after : "";
      done.push_back({setting, *before, now, written ? "" : written.error().message});
      // What was not changed needs no undo; what was changed to something else keeps its own.
      if (!written && after && *after == *before)
        if (auto r = journal.retract(); !r) return r.error();
    }
  return done;
}

}  // namespace pktbench
