// One object of a record in which a value that cannot be had is null, with its reason in a map
// `missing` under the value's dotted path ("cpu.governor", "nics.0.firmware").
//
// Threads: values, no sharing. Errors: none; an error given to set() becomes a null with its
// reason.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "harness/core/result.hpp"
#include "harness/text/record_number.hpp"

namespace pktbench {

using Json = nlohmann::ordered_json;

// JSON knows neither NaN nor infinity, and nobody who reads a record takes a larger number.
inline constexpr const char* kNoNumber = "not a finite number, or beyond 1e20";

inline constexpr const char* kNoReason = "no reason was recorded";

inline bool has_a_number_that_is_none(const Json& json) {
  if (json.is_array())
    return std::any_of(json.begin(), json.end(),
                       [](const Json& item) { return has_a_number_that_is_none(item); });
  return json.is_number_float() && !inside(json.get<double>(), kRecordable);
}

inline Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

class Section {
 public:
  // An empty path is the object that holds `missing` itself. `missing` must outlive the section; a
  // reason that it holds already is kept.
  Section(std::string path, Json& missing) : path_(std::move(path)), missing_(missing) {}

  void set(const std::string& key, Json value) {
    if (has_a_number_that_is_none(value)) return null(key, kNoNumber);
    object_[key] = std::move(value);
  }

  void null(const std::string& key, const std::string& reason) {
    object_[key] = nullptr;
    const std::string full = path_of(key);
    if (!missing_.contains(full)) missing_[full] = reason.empty() ? kNoReason : reason;
  }

  template <class T>
  void set(const std::string& key, const Result<T>& value) {
    if (value)
      set(key, Json(*value));
    else
      null(key, value.error().message);
  }

  // As `make` writes it.
  template <class T, class Make>
  void set(const std::string& key, const Result<T>& value, Make make) {
    set(key, value ? Result<Json>(Json(make(*value))) : Result<Json>(value.error()));
  }

  void text(const std::string& key, const std::string& value, const std::string& reason) {
    if (value.empty())
      null(key, reason);
    else
      set(key, Json(value));
  }

  // A section below this one; its object is put in place with set(key, section.take()).
  Section below(const std::string& key) const { return {path_of(key), missing_}; }

  std::string path_of(const std::string& key) const {
    return path_.empty() ? key : path_ + "." + key;
  }

  Json take() { return std::move(object_); }

 private:
  std::string path_;
  Json& missing_;
  Json object_ = Json::object();
};

}  // namespace pktbench
