#include "harness/testbed/namespaces.hpp"

#include <cerrno>

#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::testbed {

namespace {

constexpr int kMaxNumber = 1000;

// False where somebody has made one of that name just now; it must not be undone as ours.
Result<bool> make_one(sys::Journal& journal, const std::string& name) {
  if (auto r = journal.record({"netns", name, ""}); !r) return r.error();
  auto made = sys::create_netns(name);
  if (made) return true;
  if (auto r = journal.retract(); !r) return r.error();
  if (made.error().sys_errno != EEXIST) return made.error();
  return false;
}

Result<void> quieten(const std::string& path) {
  auto inside = sys::NetnsScope::enter(path);
  if (!inside) return inside.error();
  // A kernel without IPv6 has no such file and needs none.
  for (const char* scope : {"all", "default"}) {
    const std::string file = std::string("/proc/sys/net/ipv6/conf/") + scope + "/disable_ipv6";
    if (auto r = sys::write_file(file, "1"); !r && r.error().sys_errno != ENOENT) return r;
  }
  for (const char* scope : {"all", "default"}) {
    const std::string file = std::string("/proc/sys/net/ipv4/conf/") + scope + "/rp_filter";
    if (auto r = sys::write_file(file, "0"); !r) return r;
  }
  return {};
}

}  // namespace

Result<TwoNamespaces> make_two_namespaces(sys::Journal& journal) {
  for (int n = 0; n < kMaxNumber; ++n) {
    const std::string number = std::to_string(n);
    const std::string generator = "pktbench" + number + "-gen";
    const std::string dut = "pktbench" + number + "-dut";
    // The host lock keeps other runs away, so that what exists is somebody else's and stays.
    if (sys::netns_exists(generator) || sys::netns_exists(dut)) continue;
    bool both = true;
    for (const std::string& name : {generator, dut}) {
      if (!both) break;
      auto made = make_one(journal, name);
      if (!made) return made.error();
      both = *made;
    }
    if (!both) {
      if (auto r = journal.undo_entries(); !r) return r.error();
      continue;
    }
    TwoNamespaces found{n, sys::netns_path(generator), sys::netns_path(dut)};
    for (const std::string& path : {found.generator, found.dut})
      if (auto r = quieten(path); !r) return r.error();
    // One ICMP an hour is none: where the stack finds no socket for a frame it must not answer, or
    // its answers take room that frames sent back need.
    auto inside = sys::NetnsScope::enter(found.dut);
    if (!inside) return inside.error();
    if (auto r = sys::write_file("/proc/sys/net/ipv4/icmp_ratelimit", "3600000"); !r)
      return r.error();
    return found;
  }
  return make_error(ErrorCode::refused, "all names from pktbench0-gen to pktbench" +
                                            std::to_string(kMaxNumber - 1) +
                                            "-dut are taken; look at `ip netns list`");
}

}  // namespace pktbench::testbed
