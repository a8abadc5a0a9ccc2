#include "harness/runner/scenario_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <regex>
#include <variant>

#include "harness/core/lookup.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench {
namespace {

constexpr std::size_t kMaxOptionText = 255;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

void Origins::decided(const Pointer& at, std::string who) {
  overrides_.emplace_back(at.to_string(), std::move(who));
}

const std::string& Origins::of(const std::string& pointer) const {
  for (auto it = overrides_.rbegin(); it != overrides_.rend(); ++it)
    if (pointer == it->first || pointer.starts_with(it->first + "/")) return it->second;
  return file_;
}

Node Node::key(const std::string& name) const {
  const auto found = value->find(name);
  return {found == value->end() ? nullptr : &*found, at / name};
}

Node Node::element(std::size_t index) const { return {&(*value)[index], at / index}; }

std::string Node::described() const {
  if (value->is_array()) return "an array";
  if (value->is_object()) return "an object";
  if (value->is_string()) return in_quotes(value->get_ref<const std::string&>());
  return value->dump();
}

void Check::fail(const Pointer& at, std::string_view problem) {
  const std::string pointer = at.to_string();
  if (!error_) error_ = input_error(origins_.of(pointer), pointer, problem);
}

bool Check::expect(bool fits, const Node& node, std::string_view what) {
  if (!fits) fail(node.at, fmt::format("expected {}, not {}", what, node.described()));
  return fits;
}

bool Check::object(const Node& node, const std::vector<std::string>& keys) {
  if (!expect(node.value->is_object(), node, "an object")) return false;
  for (const auto& [key, value] : node.value->items())
    if (!contains(keys, key))
      fail(node.at / key, "unknown key " + in_quotes(key) + suggestion(key, keys));
  return !failed();
}

bool Check::within(const Node& node, double value, const Bounds& bounds) {
  if (inside(value, bounds)) return true;
  fail(node.at, "must be " + range_text(bounds) + ", not " + node.described());
  return false;
}

std::int64_t Check::integer(const Node& node, const Bounds& bounds) {
  if (!expect(node.value->is_number_integer(), node, "an integer")) return 0;
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const bool huge = node.value->is_number_unsigned() &&
                    node.value->get<std::uint64_t>() > static_cast<std::uint64_t>(kMax);
  if (huge) {
    fail(node.at, "the number " + node.described() + " is too large");
    return 0;
  }
  const auto value = node.value->get<std::int64_t>();
  return within(node, static_cast<double>(value), bounds) ? value : 0;
}

double Check::number(const Node& node, const Bounds& bounds) {
  if (!expect(node.value->is_number(), node, "a number")) return 0;
  const auto value = node.value->get<double>();
  return within(node, value, bounds) ? value : 0;
}

std::string Check::text(const Node& node, std::size_t max_bytes) {
  if (!expect(node.value->is_string(), node, "a string")) return {};
  const auto& value = node.value->get_ref<const std::string&>();
  if (value.size() > max_bytes)
    fail(node.at, fmt::format("longer than {} bytes", max_bytes));
  else if (std::ranges::any_of(value, is_control))
    fail(node.at, "control characters are not allowed in " + node.described());
  return failed() ? std::string() : value;
}

std::string Check::name(const Node& node, std::string_view kind,
                        const std::vector<std::string>& names) {
  if (!node.value->is_string()) {
    fail(node.at, "expected a string, not " + node.described() + "; valid: " + name_list(names));
    return {};
  }
  const auto& value = node.value->get_ref<const std::string&>();
  if (contains(names, value)) return value;
  fail(node.at, "unknown " + std::string(kind) + " " + in_quotes(value) + suggestion(value, names));
  return {};
}

OptionValue Check::option(const Node& node, const OptionSpec& spec) {
  const Bounds bounds{spec.min, spec.max};
  if (std::holds_alternative<std::int64_t>(spec.default_value)) return integer(node, bounds);
  if (std::holds_alternative<double>(spec.default_value)) return number(node, bounds);
  if (std::holds_alternative<bool>(spec.default_value)) {
    return expect(node.value->is_boolean(), node, "true or false") && node.value->get<bool>();
  }
  if (spec.choices.empty()) return text(node, kMaxOptionText);
  // A number may be written as one.
  if (!spec.pattern.empty() && (node.value->is_string() || node.value->is_number_integer()))
    if (std::string said =
            node.value->is_string() ? node.value->get<std::string>() : node.value->dump();
        std::regex_match(said, std::regex(spec.pattern)))
      return said;
  return name(node, spec.name, spec.choices);
}

Chosen Check::choice(const Node& node, std::string_view kind, const std::vector<Choice>& choices,
                     const std::optional<std::string>& fallback) {
  const Json default_name = fallback.value_or("");
  const bool is_object = node && node.value->is_object();
  Node name_node = node;
  if (is_object) name_node = node.key("name");
  if (!name_node && fallback) name_node.value = &default_name;

  const std::vector<std::string> names = names_of(choices);
  if (!name_node) {
    fail(name_node.at, "missing; valid: " + name_list(names));
    return {};
  }
  if (!expect(is_object || name_node.value->is_string(), node,
              fmt::format("the name of a {} or an object with a name", kind)))
    return {};
  Chosen chosen{name(name_node, kind, names), {}};
  if (failed()) return chosen;

  const std::vector<OptionSpec>& specs = find_by(choices, chosen.name, &Choice::name)->options;
  std::vector<std::string> keys = names_of(specs);
  keys.insert(keys.begin(), "name");
  if (is_object && !object(node, keys)) return chosen;
  for (const OptionSpec& spec : specs) {
    const Node given = is_object ? node.key(spec.name) : Node{};
    chosen.options[spec.name] = given ? option(given, spec) : spec.default_value;
  }
  return chosen;
}

}  // namespace pktbench
