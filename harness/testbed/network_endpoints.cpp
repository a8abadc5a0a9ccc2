// SSH sessions and network storage, as /proc and /sys tell them.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <sstream>

#include "harness/sys/file.hpp"
#include "harness/testbed/network_state.hpp"

namespace pktbench {

namespace fs = std::filesystem;

namespace {

using sys::entries_of, sys::words_of;

// SSH_CONNECTION is "client port server port", SSH_CLIENT "client port port".
void add_ssh_variable(const std::string& name, const std::string& value,
                      std::vector<Endpoint>& found) {
  const auto words = words_of(value);
  if (words.empty()) return;
  Endpoint end{"the SSH session from " + words[0], words[0], "", ""};
  if (name == "SSH_CONNECTION" && words.size() >= 3) end.local = words[2];
  found.push_back(end);
}

// sudo takes the variables away, but the shell it was started from has them.
void add_ancestors(const fs::path& procfs, std::vector<Endpoint>& found) {
  std::set<std::string> seen;
  for (std::string pid = fmt::format("{}", getppid()); pid != "0" && seen.insert(pid).second;) {
    if (const auto environment = sys::read_file(procfs / pid / "environ")) {
      std::istringstream in(*environment);
      for (std::string entry; std::getline(in, entry, '\0');)
        for (const char* name : {"SSH_CONNECTION", "SSH_CLIENT"})
          if (entry.starts_with(std::string(name) + "="))
            add_ssh_variable(name, entry.substr(entry.find('=') + 1), found);
    }
    const auto parent = sys::read_number(procfs / pid / "status", "PPid");
    if (!parent) return;
    pid = fmt::format("{}", *parent);
  }
}

// Inodes of the sockets that SSH daemons have open.
std::set<std::string> ssh_sockets(const fs::path& procfs, std::vector<std::string>& unknown) {
  std::set<std::string> inodes;
  for (const fs::path& process : sys::processes(procfs)) {
    const auto name = sys::read_file(process / "comm");
    if (!name || !(name->starts_with("sshd") || *name == "dropbear")) continue;
    std::error_code ec;
    const auto fds = entries_of(process / "fd", &ec);
    if (ec && ec != std::errc::no_such_file_or_directory)
      unknown.push_back(
          fmt::format("which port carries the sessions of {} (process {}): {}; run "
                      "this as root",
                      *name, process.filename().string(), ec.message()));
    for (const fs::path& fd : fds) {
      const std::string target = fs::read_symlink(fd, ec).string();
      if (target.starts_with("socket:[")) inodes.insert(target.substr(8, target.size() - 9));
    }
  }
  return inodes;
}

// "0100007F:0016" of /proc/net/tcp: words of four bytes in the host's order.
std::string socket_address(const std::string& text) {
  const std::string hex = text.substr(0, text.find(':'));
  if (hex.size() != 8 && hex.size() != 32) return {};
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < hex.size() / 8; ++i) {
    const auto word =
        static_cast<std::uint32_t>(std::strtoul(hex.substr(i * 8, 8).c_str(), nullptr, 16));
    std::memcpy(bytes.data() + i * 4, &word, 4);
  }
  const auto address = sys::address_from(hex.size() == 8 ? AF_INET : AF_INET6, bytes.data());
  return address ? sys::to_text(*address) : std::string();
}

void add_ssh_sockets(const fs::path& procfs, std::vector<Endpoint>& found,
                     std::vector<std::string>& unknown) {
  const auto inodes = ssh_sockets(procfs, unknown);
  if (inodes.empty()) return;
  for (const char* table : {"thread-self/net/tcp", "thread-self/net/tcp6"}) {
    const auto text = sys::read_file(procfs / table);
    if (!text) continue;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      const auto w = words_of(line);
      constexpr const char* kEstablished = "01";
      if (w.size() < 10 || w[3] != kEstablished || !inodes.contains(w[9])) continue;
      const std::string remote = socket_address(w[2]);
      found.push_back({"the SSH session from " + remote, remote, socket_address(w[1]), ""});
    }
  }
}

// "key=value" among comma-separated mount options.
std::string option(const std::string& options, const std::string& key) {
  std::istringstream in(options);
  for (std::string part; std::getline(in, part, ',');)
    if (part.starts_with(key + "=")) return part.substr(key.size() + 1);
  return {};
}

// The first address literal in "nfsroot=10.0.0.1:/srv/root", "netroot=iscsi:@10.0.0.1::3260::…",
// "root=nfs4:[fd00::1]:/srv".
std::string address_within(const std::string& text) {
  if (const auto open = text.find('['), close = text.find(']');
      open != std::string::npos && close != std::string::npos && open < close) {
    std::string inside = text.substr(open + 1, close - open - 1);
    if (sys::parse_address(inside)) return inside;
  }
  std::string part;
  for (const char c : text + ":") {
    if (std::isxdigit(static_cast<unsigned char>(c)) || c == '.') {
      part += c;
      continue;
    }
    if (part.find('.') != std::string::npos && sys::parse_address(part)) return part;
    part.clear();
  }
  return {};
}

// Mounted file systems of a server. True where the root is one of them.
bool add_nfs_mounts(const fs::path& procfs, std::vector<Endpoint>& found,
                    std::vector<std::string>& unknown) {
  const auto mounts = sys::read_file(procfs / "mounts");
  if (!mounts) {
    unknown.push_back("whether the root is on the network: " + mounts.error().message);
    return false;
  }
  bool root = false;
  std::istringstream lines(*mounts);
  for (std::string line; std::getline(lines, line);) {
    const auto w = words_of(line);
    if (w.size() < 4 || (w[2] != "nfs" && w[2] != "nfs4")) continue;
    root = root || w[1] == "/";
    std::string server = option(w[3], "addr");
    if (server.empty()) server = address_within(w[0]);
    const std::string what = "the NFS file system on " + w[1];
    if (server.empty())
      unknown.push_back("which port carries " + what + ": " + w[0] + " names no address");
    else
      found.push_back({what + " (server " + server + ")", server, option(w[3], "clientaddr"), ""});
  }
  return root;
}

}  // namespace

std::vector<Endpoint> ssh_endpoints(const std::string& procfs, std::vector<std::string>& unknown) {
  std::vector<Endpoint> found;
  for (const char* name : {"SSH_CONNECTION", "SSH_CLIENT"})
    if (const char* value = std::getenv(name)) add_ssh_variable(name, value, found);
  add_ancestors(procfs, found);
  add_ssh_sockets(procfs, found, unknown);
  return found;
}

std::vector<Endpoint> storage_endpoints(const std::string& procfs, const std::string& sysfs,
                                        std::vector<std::string>& unknown) {
  std::vector<Endpoint> found;
  const bool nfs_root = add_nfs_mounts(procfs, found, unknown);

  bool iscsi = false;
  for (const fs::path& connection : entries_of(fs::path(sysfs) / "class/iscsi_connection")) {
    iscsi = true;
    const std::string name = connection.filename();
    std::string address;
    for (const char* attribute : {"address", "persistent_address"})
      if (const auto text = sys::read_file(connection / attribute);
          address.empty() && text && sys::parse_address(*text))
        address = *text;
    if (address.empty())
      unknown.push_back("which port carries the iSCSI disk of " + name + ": it tells no address");
    else
      found.push_back({"an iSCSI disk (target " + address + ")", address, "", ""});
  }
  for (const fs::path& host : entries_of(fs::path(sysfs) / "class/iscsi_host")) {
    const auto device = sys::read_file(host / "netdev");
    const auto own = sys::read_file(host / "ipaddress");
    Endpoint end{"an iSCSI host adapter (" + host.filename().string() + ")", "", "", ""};
    if (device && *device != "<NULL>" && *device != "(null)") end.device = *device;
    if (own && sys::parse_address(*own)) end.local = *own;
    if (!end.device.empty() || !end.local.empty()) found.push_back(end);
  }

  const auto cmdline = sys::read_file(fs::path(procfs) / "cmdline");
  if (!cmdline) {
    unknown.push_back("whether the root is on the network: " + cmdline.error().message);
    return found;
  }
  for (const std::string& word : words_of(*cmdline)) {
    const auto begins_with_one_of = [&](std::initializer_list<const char*> all) {
      return std::any_of(all.begin(), all.end(),
                         [&](const char* with) { return word.starts_with(with); });
    };
    const bool nfs = begins_with_one_of({"nfsroot=", "root=/dev/nfs", "root=nfs", "netroot=nfs"});
    const bool disk =
        begins_with_one_of({"netroot=iscsi", "root=iscsi",
                            "iscsi_target_ip=", "ISCSI_TARGET_IP=", "rd.iscsi.", "iscsi_firmware"});
    if (!nfs && !disk) continue;
    const std::string address = address_within(word);
    if (!address.empty())
      found.push_back(
          {fmt::format("the {} root ({})", nfs ? "NFS" : "iSCSI", word), address, "", ""});
    else if (nfs ? !nfs_root : !iscsi)
      unknown.push_back(fmt::format(
          "which port carries the root that the kernel's command line names ({}): no server's "
          "address is found",
          word));
  }
  return found;
}

}  // namespace pktbench
