#include "harness/sys/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <sstream>
#include <tuple>

namespace pktbench::sys {

Result<std::string> read_file(const std::string& path) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error("open " + path, errno);
  auto text = read_all(file, "read " + path);
  while (text && text->ends_with('\n')) text->pop_back();
  return text;
}

Result<std::string> read_all(const Fd& file, const std::string& what) {
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t n =
        pread(file.get(), chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(what, errno);
    if (n == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

namespace {

Result<long> number_of(const std::string& text, const std::string& where) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || (end != text.data() + text.size() && *end != ' '))
    return make_error(ErrorCode::failed, "{} holds no number: \"{}\"", where, text);
  return value;
}

}  // namespace

Result<long> read_number(const std::string& path) {
  auto text = read_file(path);
  return text ? number_of(*text, path) : Result<long>(text.error());
}

Result<std::string> read_row(const std::string& path, const std::string& key) {
  const auto table = read_file(path);
  if (!table) return table.error();
  std::istringstream lines(*table);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const auto value = line.find_first_not_of(": \t", key.size());
    if (value != std::string::npos && value != key.size()) return line.substr(value);
  }
  return make_error(ErrorCode::failed, "{} has no \"{}\"", path, key);
}

Result<long> read_number(const std::string& path, const std::string& key) {
  const auto row = read_row(path, key);
  return row ? number_of(*row, fmt::format("{}, {}", path, key)) : Result<long>(row.error());
}

std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder,
                                              std::error_code* error) {
  std::vector<std::filesystem::path> found;
  std::error_code ec;
  for (std::filesystem::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec))
    found.push_back(it->path());
  if (error) *error = ec;
  return found;
}

std::vector<std::filesystem::path> processes(const std::filesystem::path& procfs,
                                             std::error_code* error) {
  auto found = entries_of(procfs, error);
  std::erase_if(found, [](const std::filesystem::path& entry) {
    return entry.filename().string().find_first_not_of("0123456789") != std::string::npos;
  });
  return found;
}

std::vector<pid_t> threads_named(const std::string& prefix) {
  std::vector<std::tuple<std::size_t, std::string, pid_t>> found;
  for (const auto& process : processes()) {
    const auto name = read_file(process / "comm");
    if (name && name->starts_with(prefix))
      found.emplace_back(name->size(), *name, std::stoi(process.filename()));
  }
  std::ranges::sort(found);
  std::vector<pid_t> threads;
  for (const auto& [length, name, thread] : found) threads.push_back(thread);
  return threads;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

Result<void> write_file(const std::string& path, const std::string& text) {
  Fd file(open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!file) return system_error("open " + path, errno);
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return system_error(fmt::format("write \"{}\" to {}", text, path), errno);
  return {};
}

}  // namespace pktbench::sys
