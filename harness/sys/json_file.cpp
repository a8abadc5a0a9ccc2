#include "harness/sys/json_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <istream>
#include <optional>
#include <streambuf>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "harness/sys/fd.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 18;

std::string system_problem(const char* what, int error) {
  return fmt::format("{}: {}", what, std::generic_category().message(error));
}

std::string too_large(const JsonLimits& limits) {
  return fmt::format("larger than {} bytes{}", limits.bytes, limits.too_large);
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }

// A text, all at once or in the chunks of a file, for the library's parser. It ends where no JSON
// can go on; fault() says why where that is not the end.
class Source final : public std::streambuf {
 public:
  explicit Source(std::string_view text) { show(text); }
  Source(int fd, const JsonLimits& limits) : fd_(fd), limits_(limits), buffer_(kChunk, '\0') {}

  // Only once the parser has come to it.
  std::string fault() const { return gptr() == egptr() ? fault_ : ""; }

  // "line 3, column 7" of the character at `offset`, both from 1. REQUIRES: it is in the chunk at
  // hand, or the one before that.
  std::string place(std::size_t offset) const {
    const std::string_view read = shown_.substr(0, offset > before_ ? offset - before_ : 0);
    const auto [lines, columns] = counted(read);
    // The parser looks no more than one character ahead, past the end of no line.
    const std::size_t ahead = offset < before_ ? 1 : 0;
    return fmt::format("line {}, column {}", lines_ + lines + 1,
                       columns + (lines ? 0 : columns_) + 1 - ahead);
  }

 private:
  int_type underflow() override {
    refill();
    return gptr() == egptr() ? traits_type::eof() : traits_type::to_int_type(*gptr());
  }

  // The ends of lines in a text, and the characters after the last.
  static std::pair<std::size_t, std::size_t> counted(std::string_view text) {
    const auto lines = std::count(text.begin(), text.end(), '\n');
    const auto last = std::find(text.rbegin(), text.rend(), '\n').base();
    const auto columns = std::count_if(last, text.end(), starts_character);
    return {static_cast<std::size_t>(lines), static_cast<std::size_t>(columns)};
  }

  void refill() {
    if (fd_ < 0 || !fault_.empty()) return;
    const auto [lines, columns] = counted(shown_);
    columns_ = columns + (lines ? 0 : columns_);
    lines_ += lines;
    before_ += shown_.size();
    // A character may be cut in two there.
    buffer_.replace(0, tail_.size(), tail_);
    std::size_t size = tail_.size();
    while (size < kChunk) {
      const ssize_t n = ::read(fd_, buffer_.data() + size, kChunk - size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        fault_ = system_problem("cannot read", errno);
        break;
      }
      if (n == 0) break;
      size += static_cast<std::size_t>(n);
    }
    if (size < kChunk) fd_ = -1;
    show({buffer_.data(), size});
    if (before_ + shown_.size() > limits_.bytes) fault_ = too_large(limits_);
  }

  void show(std::string_view text) {
    shown_ = text;
    // The library takes a NUL for the end of the text.
    const std::size_t nul = text.find('\0');
    const std::size_t bad = invalid_utf8_at(text).value_or(std::string::npos);
    tail_.clear();
    if (bad < nul && fd_ >= 0 && text.size() - bad < 4) {
      shown_ = text.substr(0, bad);
      tail_ = text.substr(bad);
    } else if (const std::size_t end = std::min(nul, bad); end != std::string::npos) {
      shown_ = text.substr(0, end);
      fault_ = place(before_ + end) +
               (nul < bad ? ": not valid JSON: a NUL character" : ": not valid UTF-8");
    }
    char* const begin = const_cast<char*>(shown_.data());  // only read
    setg(begin, begin, begin + shown_.size());
  }

  int fd_ = -1;  // what is still to be read; not owned
  JsonLimits limits_;
  std::string buffer_;
  std::string_view shown_;
  std::string tail_;
  std::size_t before_ = 0;  // bytes of earlier chunks
  std::size_t lines_ = 0;   // the ends of lines in them
  std::size_t columns_ = 0;
  std::string fault_;
};

// Goes over the text once, keeps what is asked for, and stops at the first thing that is not
// allowed.
class StrictSax {
 public:
  StrictSax(const Source& source, const std::string& where, const JsonLimits& limits,
            const JsonParts& parts)
      : source_(source), where_(where), limits_(limits), parts_(parts), levels_(limits.depth) {}

  const std::optional<Error>& refusal() const { return refusal_; }
  Json document() { return std::move(document_); }

  bool null() { return scalar(nullptr); }
  bool boolean(bool value) { return scalar(value); }
  bool number_integer(std::int64_t value) { return scalar(value); }
  bool number_unsigned(std::uint64_t value) { return scalar(value); }
  bool number_float(double value, const std::string&) { return scalar(value); }
  bool string(std::string& value) { return scalar(std::move(value)); }
  bool binary(Json::binary_t&) { return true; }  // JSON text has none
  bool start_object(std::size_t) { return enter(Json::value_t::object); }
  bool start_array(std::size_t) { return enter(Json::value_t::array); }
  bool end_object() { return leave(); }
  bool end_array() { return leave(); }

  bool key(std::string& name) {
    Level& level = levels_[depth_ - 1];
    level.key = name;
    if (!level.keys.insert(name).second)
      return refuse(pointer(), "duplicate key " + in_quotes(name));
    if (level.keys.size() <= limits_.keys) return true;
    return refuse(pointer(), fmt::format("more than {} keys in one object", limits_.keys));
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) {
    constexpr int kOutOfRange = 406;
    if (error.id == kOutOfRange)
      return refuse(pointer(), fmt::format("the number {} is too large", printable(token, 40)));
    // The library's sentence: "[...] parse error at ...: syntax error while ... - what is wrong".
    std::string_view what = error.what();
    if (const std::size_t dash = what.find(" - "); dash != std::string_view::npos)
      what.remove_prefix(dash + 3);
    return refuse(
        "", fmt::format("{}: not valid JSON: {}", source_.place(position == 0 ? 0 : position - 1),
                        printable(what, 160)));
  }

 private:
  // One for each depth, used again and again: a long text makes no new ones.
  struct Level {
    bool array = false;
    std::size_t index = 0;
    std::string key;
    std::unordered_set<std::string> keys;  // so far
    const JsonParts* parts = nullptr;      // null: nothing of it is kept
    Json* made = nullptr;
  };

  // What is kept of the value at hand; null: nothing.
  const JsonParts* kept() const {
    static const JsonParts kAll;
    if (depth_ == 0) return &parts_;
    const Level& above = levels_[depth_ - 1];
    if (!above.parts) return nullptr;
    if (above.parts->below.empty()) return &kAll;
    if (!above.array && above.key == "#") return nullptr;
    const auto found =
        above.parts->below.find(above.array ? std::string_view("#") : std::string_view(above.key));
    return found == above.parts->below.end() ? nullptr : &found->second;
  }

  Json* place(Json value, const JsonParts& parts) {
    if (parts.take) return &(taken_ = std::move(value));
    if (depth_ == 0) return &(document_ = std::move(value));
    Json* above = levels_[depth_ - 1].made;
    if (levels_[depth_ - 1].array) return &above->emplace_back(std::move(value));
    auto& items = above->get_ref<Json::object_t&>();
    return &items.emplace_back(levels_[depth_ - 1].key, std::move(value)).second;
  }

  template <class T>
  bool scalar(T&& value) {
    if (const JsonParts* parts = kept()) {
      place(Json(std::forward<T>(value)), *parts);
      ended(*parts);
    }
    return next();
  }

  bool enter(Json::value_t type) {
    if (depth_ == limits_.depth)
      return refuse(pointer(), fmt::format("nested deeper than {} levels", limits_.depth));
    const JsonParts* parts = kept();
    Json* made = parts ? place(Json(type), *parts) : nullptr;
    Level& level = levels_[depth_++];
    level.array = type == Json::value_t::array;
    level.index = 0;
    level.keys.clear();
    level.parts = parts;
    level.made = made;
    return true;
  }

  bool leave() {
    if (const JsonParts* parts = levels_[--depth_].parts) ended(*parts);
    return next();
  }

  void ended(const JsonParts& parts) {
    if (parts.take) parts.take(std::move(taken_), Json::json_pointer(pointer()));
  }

  // A value has ended.
  bool next() {
    if (depth_ > 0) ++levels_[depth_ - 1].index;
    return true;
  }

  // Of the value at hand.
  std::string pointer() const {
    Json::json_pointer at;
    for (std::size_t i = 0; i < depth_; ++i)
      at /= levels_[i].array ? std::to_string(levels_[i].index) : levels_[i].key;
    return at.to_string();
  }

  bool refuse(const std::string& at, const std::string& problem) {
    refusal_ = input_error(where_, at, problem);
    return false;
  }

  const Source& source_;
  const std::string& where_;
  const JsonLimits& limits_;
  const JsonParts& parts_;
  std::vector<Level> levels_;
  std::size_t depth_ = 0;
  Json document_;
  Json taken_;
  std::optional<Error> refusal_;
};

Result<Json> parse(Source& source, const std::string& where, const JsonLimits& limits,
                   const JsonParts& parts) {
  StrictSax sax(source, where, limits, parts);
  std::istream stream(&source);
  const bool accepted = Json::sax_parse(stream, &sax);
  if (const std::string fault = source.fault(); !fault.empty())
    return input_error(where, "", fault);
  if (sax.refusal()) return *sax.refusal();
  if (!accepted) return input_error(where, "", "not valid JSON");
  return sax.document();
}

}  // namespace

Result<Json> parse_json(const std::string& text, const std::string& where, const JsonLimits& limits,
                        const JsonParts& parts) {
  if (text.size() > limits.bytes) return input_error(where, "", too_large(limits));
  Source source(text);
  return parse(source, where, limits, parts);
}

Result<Json> read_json_file(const std::string& path, const JsonLimits& limits,
                            const JsonParts& parts) {
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
  Source source(file.get(), limits);
  if (source.sgetc() == std::char_traits<char>::eof() && source.fault().empty())
    return input_error(path, "", "the file is empty");
  return parse(source, path, limits, parts);
}

}  // namespace pktbench
