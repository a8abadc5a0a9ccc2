#include "harness/testbed/namespaces.hpp"

#include <filesystem>

#include "harness/sys/netns.hpp"

namespace pktbench::testbed {

namespace {

constexpr int kMaxNumber = 1000;

// False where somebody has made one of that name just now; it must not be undone as ours.
Result<bool> make_one(undo::Journal& journal, const std::string& name) {
  const auto made = undo::apply(undo::network_namespace(name), undo::kThere, &journal);
  if (!made) return made.error();
  if (made->failed.empty()) return made->before.empty();
  if (made->after.empty()) return make_error(ErrorCode::failed, made->failed);
  return false;
}

// Everything in a namespace of ours goes with it.
Result<void> quieten(const std::string& path) {
  auto inside = sys::NetnsScope::enter(path);
  if (!inside) return inside.error();
  const std::string net = "/proc/sys/net/";
  for (const char* scope : {"all", "default"}) {
    const std::string conf = std::string("/conf/") + scope;
    // A kernel without IPv6 has no such file and needs none.
    if (std::filesystem::exists(net + "ipv6"))
      if (auto r = undo::require(undo::kernel_file(net + "ipv6" + conf + "/disable_ipv6"), "1"); !r)
        return r;
    if (auto r = undo::require(undo::kernel_file(net + "ipv4" + conf + "/rp_filter"), "0"); !r)
      return r;
  }
  return {};
}

}  // namespace

Result<TwoNamespaces> make_two_namespaces(undo::Journal& journal) {
  const auto mark = journal.size();
  for (int n = 0; n < kMaxNumber; ++n) {
    const std::string generator = fmt::format("pktbench{}-gen", n);
    const std::string dut = fmt::format("pktbench{}-dut", n);
    // The host lock keeps other runs away, so that what exists is somebody else's and stays.
    if (sys::netns_exists(generator) || sys::netns_exists(dut)) continue;
    auto made = make_one(journal, generator);
    if (made && *made) made = make_one(journal, dut);
    if (!made) return made.error();
    if (!*made) {
      if (auto r = journal.undo_since(mark); !r) return r.error();
      continue;
    }
    TwoNamespaces found{n, sys::netns_path(generator), sys::netns_path(dut)};
    for (const std::string& path : {found.generator, found.dut})
      if (auto r = quieten(path); !r) return r.error();
    // One ICMP an hour is none: where the stack finds no socket for a frame it must not answer, or
    // its answers take room that frames sent back need.
    auto inside = sys::NetnsScope::enter(found.dut);
    if (!inside) return inside.error();
    if (auto r = undo::require(undo::kernel_file("/proc/sys/net/ipv4/icmp_ratelimit"), "3600000");
        !r)
      return r.error();
    return found;
  }
  return make_error(
      ErrorCode::refused,
      "all names from pktbench0-gen to pktbench{}-dut are taken; look at `ip netns list`",
      kMaxNumber - 1);
}

}  // namespace pktbench::testbed
