// One object of a record in which a value that cannot be had is null, with its reason in a map
// `missing` under the value's dotted path ("cpu.governor", "nics.0.firmware").
//
// Threads: values, no sharing. Errors: none; an error given to set() becomes a null with its
// reason.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "harness/core/result.hpp"

namespace pktbench {

using Json = nlohmann::ordered_json;

inline Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

class Section {
 public:
  // An empty path is the object that holds `missing` itself. `missing` must outlive the section; a
  // reason that it holds already is kept.
  Section(std::string path, Json& missing) : path_(std::move(path)), missing_(missing) {}

  void set(const std::string& key, Json value) { object_[key] = std::move(value); }

  void null(const std::string& key, const std::string& reason) {
    object_[key] = nullptr;
    const std::string full = path_of(key);
    if (!missing_.contains(full))
      missing_[full] = reason.empty() ? "no reason was recorded" : reason;
  }

  template <class T>
  void set(const std::string& key, const Result<T>& value) {
    if (value)
      set(key, Json(*value));
    else
      null(key, value.error().message);
  }

  // JSON knows neither NaN nor infinity.
  void number(const std::string& key, const std::optional<double>& value,
              const std::string& reason = {}) {
    if (!value)
      null(key, reason);
    else if (!std::isfinite(*value))
      null(key, "not a finite number");
    else
      set(key, Json(*value));
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
