#include "harness/sys/process_use.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

#include "harness/sys/file.hpp"

namespace pktbench::sys {

namespace {

Result<void> add_process(const std::string& process, ProcessUse& use) {
  const auto statm = read_file(process + "/statm");
  if (!statm) return statm.error();
  const auto pages = words_of(*statm);
  if (pages.size() < 2)
    return make_error(ErrorCode::failed, "{}/statm: is not as the kernel writes it", process);
  std::error_code error;
  const auto fds = entries_of(process + "/fd", &error);
  if (error) return system_error("list " + process + "/fd", error.value());
  use.rss_bytes += std::stoull(pages[1]) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  use.open_fds += fds.size();
  for (const auto& thread : entries_of(process + "/task")) {
    const auto children = read_file((thread / "children").string());
    if (!children) return children.error();
    for (const std::string& child : words_of(*children)) {
      ProcessUse more;
      if (!add_process("/proc/" + child, more) && !entries_of("/proc/" + child).empty())
        return make_error(ErrorCode::failed, "/proc/{}: could not be read", child);
      use.rss_bytes += more.rss_bytes;
      use.open_fds += more.open_fds;
    }
  }
  return {};
}

}  // namespace

Result<ProcessUse> process_use() {
  ProcessUse use;
  if (auto r = add_process("/proc/self", use); !r) return r.error();
  return use;
}

}  // namespace pktbench::sys
