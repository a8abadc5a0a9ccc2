#include "harness/runner/scenario_overrides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "harness/text/input_error.hpp"

namespace pktbench {
namespace {

constexpr std::size_t kMaxTokens = 32;

using Tokens = std::vector<std::string>;

std::string who_set(const std::string& argument) { return "--set " + printable(argument, 120); }

// The reference tokens of an RFC 6901 pointer, unescaped; none where it is not one.
std::optional<Tokens> split_pointer(const std::string& pointer) {
  try {
    Tokens tokens;
    for (Pointer rest(pointer); !rest.empty(); rest.pop_back()) tokens.push_back(rest.back());
    std::reverse(tokens.begin(), tokens.end());
    return tokens;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

// Where a plain name may stand for {"name": ...}.
bool takes_name(const Pointer& at) {
  const std::string pointer = at.to_string();
  return pointer == "/testbed" || pointer == "/traffic/generator" || pointer == "/method" ||
         at.parent_pointer().to_string() == "/backends";
}

Result<void> assign(Json& document, const Tokens& tokens, Json value, const std::string& who,
                    Origins& origins) {
  Json* place = &document;
  Pointer at;
  std::optional<Pointer> created;  // the topmost place that was not there before
  for (const std::string& token : tokens) {
    if (place->is_string() && takes_name(at)) {
      Json named = Json::object();
      named["name"] = std::move(*place);
      *place = std::move(named);
    }
    if (place->is_array()) {
      const std::string size = std::to_string(place->size());
      const bool appends = token == "-" || token == size;
      // The library throws for a number that is too large.
      if (!appends && (token.size() > size.size() || !place->contains(Pointer() / token)))
        return input_error(
            who, (at / token).to_string(),
            fmt::format("no such element; the list has {} from 0, and - appends", size));
      at /= appends ? size : token;
      if (appends && !created) created = at;
      if (appends) place->push_back(Json::object());
      place = appends ? &place->back() : &place->at(Pointer() / token);
    } else if (place->is_object()) {
      at /= token;
      if (!place->contains(token)) {
        (*place)[token] = Json::object();
        if (!created) created = at;
      }
      place = &(*place)[token];
    } else {
      return input_error(who, at.to_string(),
                         "nothing can be set inside " + Node{place, at}.described());
    }
  }
  *place = std::move(value);
  origins.decided(created.value_or(at), who);
  return {};
}

Result<void> apply_set(Json& document, const std::string& argument, Origins& origins) {
  const std::string who = who_set(argument);
  if (invalid_utf8_at(argument)) return input_error(who, "", "not valid UTF-8");
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos || argument[0] != '/')
    return input_error(who, "", "expected /json/pointer=value");
  const auto tokens = split_pointer(argument.substr(0, equals));
  if (!tokens) return input_error(who, "", "~ in a JSON pointer is written ~0, and / in a key ~1");
  if (tokens->size() > kMaxTokens)
    return input_error(who, "", fmt::format("deeper than {} levels", kMaxTokens));

  const std::string text = argument.substr(equals + 1);
  if (!Json::accept(text)) return assign(document, *tokens, text, who, origins);
  Result<Json> value = parse_json(text, who);
  if (!value) return value.error();
  return assign(document, *tokens, std::move(*value), who, origins);
}

}  // namespace

Result<void> apply_overrides(Json& document, const ScenarioOverrides& overrides, Origins& origins) {
  for (const std::string& argument : overrides.set)
    if (Result<void> done = apply_set(document, argument, origins); !done) return done;
  if (overrides.trials) {
    const std::string who = fmt::format("--trials {}", *overrides.trials);
    Result<void> done = assign(document, {"method", "trials"}, *overrides.trials, who, origins);
    if (!done) return done;
  }
  if (overrides.restarts) {
    const std::string who = fmt::format("--restarts {}", *overrides.restarts);
    Result<void> done = assign(document, {"restarts"}, *overrides.restarts, who, origins);
    if (!done) return done;
  }
  if (!overrides.cases.empty()) {
    Result<void> done = assign(document, {"cases"}, overrides.cases, "--case", origins);
    if (!done) return done;
  }
  if (overrides.duration_s) {
    const std::string who = "--duration " + number_text(*overrides.duration_s);
    return assign(document, {"method", "duration_s"}, *overrides.duration_s, who, origins);
  }
  return {};
}

}  // namespace pktbench
