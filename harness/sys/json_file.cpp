#include "harness/sys/json_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "harness/sys/fd.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench {
namespace {

// "line 3, column 7" of the character at `offset`, both from 1.
std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::string_view column =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  const auto characters = std::count_if(column.begin(), column.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  });
  return "line " + std::to_string(line) + ", column " + std::to_string(characters + 1);
}

// Walks the text once without building anything, and stops at the first thing that is not allowed.
class StrictSax : public nlohmann::json_sax<Json> {
 public:
  StrictSax(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  struct Refusal {
    std::string pointer;
    std::string problem;
  };
  const std::optional<Refusal>& refusal() const { return refusal_; }

  bool null() override { return next(); }
  bool boolean(bool) override { return next(); }
  bool number_integer(number_integer_t) override { return next(); }
  bool number_unsigned(number_unsigned_t) override { return next(); }
  bool number_float(number_float_t, const string_t&) override { return next(); }
  bool string(string_t&) override { return next(); }
  bool binary(binary_t&) override { return next(); }
  bool start_object(std::size_t) override { return enter(false); }
  bool start_array(std::size_t) override { return enter(true); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    level.key = name;
    if (!level.keys.insert(name).second)
      return refuse(pointer(), "duplicate key " + in_quotes(name));
    if (level.keys.size() <= limits_.keys) return true;
    return refuse(pointer(), "more than " + std::to_string(limits_.keys) + " keys in one object");
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    constexpr int kOutOfRange = 406;
    if (error.id == kOutOfRange)
      return refuse(pointer(), "the number " + printable(token, 40) + " is too large");
    // The library's sentence: "[...] parse error at ...: syntax error while ... - what is wrong".
    std::string_view what = error.what();
    if (const std::size_t dash = what.find(" - "); dash != std::string_view::npos)
      what.remove_prefix(dash + 3);
    return refuse("", line_and_column(text_, position == 0 ? 0 : position - 1) +
                          ": not valid JSON: " + printable(what, 160));
  }

 private:
  struct Level {
    bool array = false;
    std::size_t index = 0;
    std::string key;
    std::unordered_set<std::string> keys;
  };

  bool enter(bool array) {
    if (levels_.size() == limits_.depth)
      return refuse(pointer(), "nested deeper than " + std::to_string(limits_.depth) + " levels");
    levels_.push_back({array, 0, {}, {}});
    return true;
  }

  bool leave() {
    levels_.pop_back();
    return next();
  }

  // A value has ended.
  bool next() {
    if (!levels_.empty()) ++levels_.back().index;
    return true;
  }

  // Of the value at hand.
  std::string pointer() const {
    Json::json_pointer at;
    for (const Level& level : levels_) at /= level.array ? std::to_string(level.index) : level.key;
    return at.to_string();
  }

  bool refuse(std::string at, std::string problem) {
    refusal_ = Refusal{std::move(at), std::move(problem)};
    return false;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::vector<Level> levels_;
  std::optional<Refusal> refusal_;
};

std::string system_problem(const char* what, int error) {
  return std::string(what) + ": " + std::generic_category().message(error);
}

std::string too_large(const JsonLimits& limits) {
  return "larger than " + std::to_string(limits.bytes) + " bytes";
}

Result<std::string> read_regular_file(const std::string& path, const JsonLimits& limits) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return input_error(path, "",
                       errno == ENOENT ? "no such file" : system_problem("cannot open", errno));
  if (S_ISDIR(status.st_mode)) return input_error(path, "", "a directory, not a file");
  if (!S_ISREG(status.st_mode)) return input_error(path, "", "not a regular file");
  if (static_cast<std::uintmax_t>(status.st_size) > limits.bytes)
    return input_error(path, "", too_large(limits));

  // Not blocking: what is opened may no longer be what was looked at.
  const sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return input_error(path, "", system_problem("cannot open", errno));
  std::string text;
  std::array<char, 16384> chunk;
  while (text.size() <= limits.bytes) {
    const ssize_t n = ::read(file.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return input_error(path, "", system_problem("cannot read", errno));
    if (n == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  if (text.size() > limits.bytes) return input_error(path, "", too_large(limits));
  if (text.empty()) return input_error(path, "", "the file is empty");
  return text;
}

}  // namespace

Result<Json> parse_json(const std::string& text, const std::string& where,
                        const JsonLimits& limits) {
  if (text.size() > limits.bytes) return input_error(where, "", too_large(limits));
  if (const auto bad = invalid_utf8_at(text))
    return input_error(where, "", line_and_column(text, *bad) + ": not valid UTF-8");
  // The library takes a NUL for the end of the text.
  if (const std::size_t nul = text.find('\0'); nul != std::string::npos)
    return input_error(where, "", line_and_column(text, nul) + ": not valid JSON: a NUL character");

  StrictSax sax(text, limits);
  const bool accepted = Json::sax_parse(text, &sax);
  if (sax.refusal()) return input_error(where, sax.refusal()->pointer, sax.refusal()->problem);
  Json document = accepted ? Json::parse(text, nullptr, false) : Json(Json::value_t::discarded);
  if (document.is_discarded()) return input_error(where, "", "not valid JSON");
  return document;
}

Result<Json> read_json_file(const std::string& path, const JsonLimits& limits) {
  const Result<std::string> text = read_regular_file(path, limits);
  if (!text) return text.error();
  return parse_json(*text, path, limits);
}

}  // namespace pktbench
