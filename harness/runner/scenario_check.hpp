// Typed access to a scenario's JSON. The first thing that is wrong is kept, with its JSON pointer
// and with whoever decided it: the file or an override. After that every access answers with a
// harmless value, so that the code that reads a scenario has no error paths of its own.
//
// Threads: none. Errors: ErrorCode::invalid_input, one line, from error().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/core/bounds.hpp"
#include "harness/core/options.hpp"
#include "harness/core/result.hpp"
#include "harness/sys/json_file.hpp"

namespace pktbench {

using Pointer = Json::json_pointer;

// Who decided what: the file, but for the places that an override has set.
class Origins {
 public:
  explicit Origins(std::string file) : file_(std::move(file)) {}
  // `who` ("--set /queues=2") decided `at` and everything below it. A later one wins.
  void decided(const Pointer& at, std::string who);
  const std::string& of(const std::string& pointer) const;

 private:
  std::string file_;
  std::vector<std::pair<std::string, std::string>> overrides_;  // pointer, who
};

// A place in the document. A node without value stands for a key that is not there.
struct Node {
  const Json* value = nullptr;
  Pointer at = Pointer();

  explicit operator bool() const { return value != nullptr; }
  Node key(const std::string& name) const;  // REQUIRES: an object
  Node element(std::size_t index) const;    // REQUIRES: an array with this element
  std::string described() const;            // REQUIRES: a value; short, for "not ..."
};

// A type that a name in the scenario can mean, and the options it takes.
struct Choice {
  std::string name;
  std::vector<OptionSpec> options;
};

// A choice that was made, every option filled in.
struct Chosen {
  std::string name;
  Options options;
  auto operator<=>(const Chosen&) const = default;
};

class Check {
 public:
  explicit Check(const Origins& origins) : origins_(origins) {}

  bool failed() const { return error_.has_value(); }
  const std::optional<Error>& error() const { return error_; }
  void fail(const Pointer& at, std::string_view problem);
  // `fits`; where not: "expected WHAT, not ...". REQUIRES: a value.
  bool expect(bool fits, const Node& node, std::string_view what);

  // All of these: REQUIRES a value.
  // False when it is no object, or has a key that is none of `keys`.
  bool object(const Node& node, const std::vector<std::string>& keys);
  std::int64_t integer(const Node& node, const Bounds& bounds);
  double number(const Node& node, const Bounds& bounds);
  // Without control characters, at most `max_bytes`.
  std::string text(const Node& node, std::size_t max_bytes);
  // One of `names`; `kind` says what they are names of.
  std::string name(const Node& node, std::string_view kind, const std::vector<std::string>& names);
  OptionValue option(const Node& node, const OptionSpec& spec);

  // "name" or {"name": "name", option: value, ...}. The name may be left out where there is a
  // `fallback`, and so may the whole node.
  Chosen choice(const Node& node, std::string_view kind, const std::vector<Choice>& choices,
                const std::optional<std::string>& fallback);

  // One value or a list of different ones, not empty; {fallback} where there is no value.
  template <class T>
  std::vector<T> one_or_list(const Node& node, T fallback,
                             const std::function<T(const Node&)>& read) {
    if (!node) return {std::move(fallback)};
    if (!node.value->is_array()) return {read(node)};
    return list<T>(node, read);
  }

  // REQUIRES: an array.
  template <class T>
  std::vector<T> list(const Node& node, const std::function<T(const Node&)>& read) {
    std::vector<T> values;
    std::set<T> seen;
    if (node.value->empty()) fail(node.at, "the list is empty");
    for (std::size_t i = 0; i < node.value->size() && !failed(); ++i) {
      const Node element = node.element(i);
      values.push_back(read(element));
      if (!failed() && !seen.insert(values.back()).second)
        fail(element.at, "the same as an earlier one in the list");
    }
    return values;
  }

 private:
  bool within(const Node& node, double value, const Bounds& bounds);

  const Origins& origins_;
  std::optional<Error> error_;
};

}  // namespace pktbench
