#include "harness/sys/xdp_links.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::sys {

namespace {

namespace fs = std::filesystem;

std::optional<bpf_link_info> xdp_link(__u32 id) {
  const Fd link(bpf_link_get_fd_by_id(id));
  bpf_link_info info{};
  __u32 size = sizeof info;
  if (!link || bpf_obj_get_info_by_fd(link.get(), &info, &size) != 0) return std::nullopt;
  if (info.type != BPF_LINK_TYPE_XDP) return std::nullopt;
  return info;
}

// "process 123 (loader)"; empty: none has it open, as where it is pinned.
std::string holder_of(unsigned link) {
  const std::string line = fmt::format("link_id:\t{}\n", link);
  for (const fs::path& process : processes()) {
    for (const fs::path& fd : entries_of(process / "fdinfo")) {
      const auto text = read_file(fd);
      if (!text || (*text + "\n").find(line) == std::string::npos) continue;
      const auto name = read_file(process / "comm");
      return "process " + process.filename().string() +
             (name ? " (" + clean_line(*name) + ")" : "");
    }
  }
  return "";
}

}  // namespace

void find_xdp_links(Device& device) {
  if (device.xdp.empty()) return;
  for (__u32 id = 0; bpf_link_get_next_id(id, &id) == 0;) {
    const auto info = xdp_link(id);
    if (!info || info->xdp.ifindex != device.ifindex) continue;
    for (XdpAttachment& xdp : device.xdp)
      if (xdp.program_id == info->prog_id) xdp.links.push_back(id);
  }
  for (XdpAttachment& xdp : device.xdp)
    if (xdp.links.size() == 1) xdp.holder = holder_of(xdp.links.front());
}

std::string held_by(const XdpAttachment& xdp) {
  std::string links;
  for (const unsigned link : xdp.links)
    links += fmt::format("{}{}", links.empty() ? ", by BPF link " : " or ", link);
  return links + (xdp.holder.empty() ? "" : " of " + xdp.holder);
}

std::string off_command(const std::string& device, const XdpAttachment& xdp) {
  if (!xdp.links.empty())
    return "bpftool link detach id " +
           (xdp.links.size() == 1 ? fmt::to_string(xdp.links.front()) : "N");
  const std::string mode = xdp.mode == "driver" ? "xdpdrv" : "xdp" + xdp.mode;
  return "ip link set dev " + shell_word(device) + " " + mode + " off";
}

}  // namespace pktbench::sys
