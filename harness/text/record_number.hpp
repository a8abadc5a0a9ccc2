// What a number in a record may be, for those who write it and those who read it. Python's readers
// have the same bounds from results/schema/run.schema.json.
//
// Threads: values, no sharing. Errors: none; nothing where it is no such number.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/core/bounds.hpp"

namespace pktbench {

// Beyond every 64-bit count, and far from where arithmetic overflows.
inline constexpr double kMaxRecorded = 1e20;
inline constexpr Bounds kRecordable{-kMaxRecorded, kMaxRecorded};
inline constexpr Bounds kMeasure{0, kMaxRecorded};
inline constexpr Bounds kFraction{0, 1};

inline std::optional<double> number_of(const nlohmann::ordered_json& json, const Bounds& bounds) {
  if (!json.is_number() || !inside(json.get<double>(), bounds)) return std::nullopt;
  return json.get<double>();
}

inline std::optional<std::uint64_t> count_of(
    const nlohmann::ordered_json& json,
    std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) {
  const bool is_count =
      json.is_number_unsigned() || (json.is_number_integer() && json.get<std::int64_t>() >= 0);
  if (!is_count || json.get<std::uint64_t>() > max) return std::nullopt;
  return json.get<std::uint64_t>();
}

inline std::optional<std::int64_t> integer_of(const nlohmann::ordered_json& json) {
  const bool too_large =
      json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  if (!json.is_number_integer() || too_large) return std::nullopt;
  return json.get<std::int64_t>();
}

}  // namespace pktbench
