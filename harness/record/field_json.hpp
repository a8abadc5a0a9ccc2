// Writes and reads what a table of fields describes (harness/core/field.hpp).
//
// What does not exist is null with a reason. A number that is not finite, or out of its field's
// bounds, does not exist: there is no other way into a record.
//
// Threads: none. Errors: reading keeps the first fault, and what is at fault stays as it is in an
// empty record; nothing throws.
#pragma once

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/core/field.hpp"
#include "harness/core/result.hpp"

namespace pktbench {

nlohmann::ordered_json write_fields(const FieldTable& fields, const void* record);

// Whether a fault matters to who reads; `absent`: the key is not there. Empty: each does.
using Heeds = std::function<bool(const nlohmann::ordered_json::json_pointer& at, bool absent)>;

struct Faults {
  Heeds heeds = {};
  std::string first = {};  // "POINTER: what is wrong", in one line; empty: none

  void add(const nlohmann::ordered_json::json_pointer& at, const std::string& what,
           bool absent = false);
};

// Keys that no row names are passed over.
void read_fields(const FieldTable& fields, void* record, const nlohmann::ordered_json& json,
                 const nlohmann::ordered_json::json_pointer& at, Faults& faults);

template <class R>
nlohmann::ordered_json write_record(const Fields<R>& fields, const R& record) {
  return write_fields(fields, &record);
}

template <class R>
Result<R> read_record(const Fields<R>& fields, const nlohmann::ordered_json& json,
                      const Heeds& heeds = {}) {
  R record;
  Faults faults{heeds};
  read_fields(fields, &record, json, nlohmann::ordered_json::json_pointer(), faults);
  if (!faults.first.empty()) return make_error(ErrorCode::invalid_input, faults.first);
  return record;
}

// Of rounds, CPUs and so on, where the field has no bounds of its own.
inline constexpr Bounds kSmallCount{0, std::numeric_limits<int>::max()};

// Whether a record may hold null there.
bool is_nullable(const Field& field, const FieldRef& ref);

}  // namespace pktbench
