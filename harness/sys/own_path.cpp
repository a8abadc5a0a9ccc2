#include "harness/sys/own_path.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <deque>
#include <filesystem>
#include <system_error>

#include "harness/sys/caller.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::sys {

namespace {

bool is_ours(uid_t owner) {
  const auto caller = sudo_caller();
  return owner == 0 || owner == geteuid() || (caller && owner == caller->uid);
}

// The group that many systems make with each user, under the same name and with no other member.
bool is_owners_alone(uid_t owner, gid_t group) {
  const passwd* user = getpwuid(owner);
  if (!user || user->pw_gid != group) return false;
  const std::string name = user->pw_name;
  const struct group* found = getgrgid(group);
  if (!found || name != found->gr_name) return false;
  for (char** member = found->gr_mem; *member; ++member)
    if (name != *member) return false;
  return true;
}

// Why others could change it; empty where they could not.
std::string why_not_own(const std::string& path, const struct stat& st, bool is_last) {
  if (!is_ours(st.st_uid)) {
    const passwd* user = getpwuid(st.st_uid);
    return fmt::format(
        "{} belongs to {}, who is neither root nor you; use a copy of your own, or give it to root "
        "(chown -h root {})",
        path, user ? user->pw_name : fmt::format("user {}", st.st_uid), shell_word(path));
  }
  if (S_ISLNK(st.st_mode)) return "";
  // In a sticky directory nobody renames or removes what is another's.
  if (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) && !is_last) return "";
  const bool group =
      (st.st_mode & S_IWGRP) && st.st_gid != 0 && !is_owners_alone(st.st_uid, st.st_gid);
  if (group || (st.st_mode & S_IWOTH))
    return fmt::format("{} can be written by others; take that right away (chmod go-w {})", path,
                       shell_word(path));
  return "";
}

}  // namespace

Result<Fd> open_own(const std::string& path) {
  constexpr int kMostLinks = 40;
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  if (failed) return system_error("find " + path, failed.value());

  std::deque<std::string> todo;
  const auto put_first = [&todo](const fs::path& parts) {
    std::deque<std::string> all;
    for (const fs::path& part : parts)
      if (!part.empty() && part != ".") all.push_back(part);
    todo.insert(todo.begin(), all.begin(), all.end());
  };
  put_first(absolute);
  Fd at;
  fs::path seen;
  for (int links = 0; !todo.empty();) {
    const std::string name = todo.front();
    todo.pop_front();
    const fs::path here = seen / name;  // where `name` is "/": that
    Fd next(openat(at ? at.get() : AT_FDCWD, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat st {};
    if (!next || fstat(next.get(), &st) != 0) return system_error("open " + here.string(), errno);
    if (std::string why = why_not_own(here, st, todo.empty()); !why.empty())
      return make_error(ErrorCode::refused, std::move(why));
    if (S_ISLNK(st.st_mode)) {
      std::array<char, PATH_MAX> target{};
      const ssize_t length = readlinkat(next.get(), "", target.data(), target.size() - 1);
      if (length < 0 || ++links > kMostLinks)
        return system_error("open " + path, length < 0 ? errno : ELOOP);
      put_first(fs::path(target.data()));
      continue;
    }
    seen = here;
    at = std::move(next);
  }
  return at;
}

}  // namespace pktbench::sys
