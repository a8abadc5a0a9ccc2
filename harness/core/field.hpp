// What is recorded of something, described once: a table with one row per key. The table drives
// writing, reading, the schema and its documentation (harness/record/field_json.hpp). A room that
// has something of its own to record brings a table of its own.
//
// A row reaches its member by a pointer, a path of them (at) or a function that gives a reference.
// A function that gives a value makes a field that is computed: it is written and not read.
//
// Threads: a table is made once and only read. Errors: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "harness/core/bounds.hpp"
#include "harness/core/options.hpp"

namespace pktbench {

struct FieldTable;
using Reasons = std::map<std::string, std::string>;

struct ObjectRef {
  void* at;
  const FieldTable* fields;
};

// A list of objects or, where it is keyed, an object of them.
struct ObjectsRef {
  using Visit = std::function<void(const std::string& key, void* one)>;  // null: no such object

  const FieldTable* fields;
  bool keyed;
  std::function<void(const Visit&)> each;
  std::function<void*(const std::string& key, bool is_null)> add;
};

struct WordRef {
  std::vector<std::string> words;  // all there are
  std::string word;
  std::function<void(std::size_t)> set;  // by its place among them
};

struct IntervalRef {
  double* lo;
  double* hi;
};

// Why the nulls of this object are null, by dotted path. Always the last row of its table.
struct ReasonsRef {
  Reasons first;                      // those that are known beforehand
  std::function<void(Reasons)> keep;  // of a record that is read; empty: nobody does
};

using Computed =
    std::variant<std::uint64_t, std::optional<std::uint64_t>, std::optional<double>, std::string>;

using FieldRef =
    std::variant<bool*, int*, std::uint32_t*, std::uint64_t*, std::int64_t*, double*,
                 std::optional<bool>*, std::optional<double>*, std::string*,
                 std::vector<std::string>*, std::set<std::string>*, std::vector<std::uint16_t>*,
                 std::vector<std::uint64_t>*, std::map<std::string, std::uint64_t>*,
                 std::map<std::string, double>*, std::map<std::string, std::string>*, Options*,
                 WordRef, IntervalRef, ObjectRef, ObjectsRef, ReasonsRef, Computed>;

// What a row says beside its key and member. Its functions are given the record.
struct About {
  template <class T>
  using Of = std::function<T(const void* record)>;

  std::string unit = {};
  std::string help = {};              // Markdown, one line
  std::optional<Bounds> bounds = {};  // none: what the type allows; of a double 0 to 1e20
  bool above_0 = false;               // 0 itself is out of bounds
  Of<bool> known = {};                // where not, it is null whatever the member holds
  Of<std::string> null = {};          // the reason, where it is null; an empty text is
  bool null_is_a_value = false;       // nothing is missing then: there is no reason
  Of<std::string> empty = {};         // what stands for an empty text
  Of<bool> written = {};              // where not, the key is left out
  bool older_lack_it = false;
  std::function<void(void* record, bool has_value)> after_reading = {};
  std::string schema = {};  // a definition of the schema that says more than the type does
};

// What a row may say, each as a member of About says it: {"mpps", &T::mpps, "help", unit("Mpps")}.
// A sentence may be given in place of a function that gives it.
namespace notes {

// A note for rows of an R, or of anything.
template <class R = void, class V>
constexpr auto note(V About::*member, V value) {
  return [member, value](About& about, const R*) { about.*member = value; };
}
template <class V, class R>
auto note(About::Of<V> About::*member, std::function<V(const R&)> f) {
  return note<R>(
      member, About::Of<V>([f](const void* record) { return f(*static_cast<const R*>(record)); }));
}
inline auto note(About::Of<std::string> About::*member, const char* sentence) {
  return note(member, About::Of<std::string>([sentence](const void*) { return sentence; }));
}

inline auto unit(std::string value) { return note(&About::unit, std::move(value)); }
inline auto bounds(Bounds value) { return note(&About::bounds, std::optional(value)); }
inline auto schema(std::string value) { return note(&About::schema, std::move(value)); }
auto known(auto f) { return note(&About::known, std::function(f)); }
auto written(auto f) { return note(&About::written, std::function(f)); }
auto null(auto f) { return note(&About::null, std::function(f)); }
inline auto null(const char* sentence) { return note(&About::null, sentence); }
auto empty(auto f) { return note(&About::empty, std::function(f)); }
inline auto empty(const char* sentence) { return note(&About::empty, sentence); }
template <class R>
auto after_reading(std::function<void(R&, bool has_value)> f) {
  return [f](About& about, const R*) {
    about.after_reading = [f](void* record, bool has_value) {
      f(*static_cast<R*>(record), has_value);
    };
  };
}
inline constexpr auto above_0 = note(&About::above_0, true);
inline constexpr auto null_is_a_value = note(&About::null_is_a_value, true);
inline constexpr auto older_lack_it = note(&About::older_lack_it, true);

}  // namespace notes

// A row, whatever it is a row of. The pointers are to that.
struct Field {
  std::string key;  // "*": every key that no other row names
  About about;
  std::function<FieldRef(void*)> ref;
};

struct FieldTable {
  std::string name;  // of its definition in the schema; empty: it stands where it is used
  std::vector<Field> rows;
  std::function<std::shared_ptr<void>()> make;  // an empty one
};

template <class R>
class Row : public Field {
 public:
  // `help`: Markdown, one line; `notes`: of the namespace notes.
  template <class M, class... Notes>
  Row(std::string name, M member, std::string help, Notes... notes)
      : Field{std::move(name), {.help = std::move(help)}, [member](void* record) {
                return refer(member, *static_cast<R*>(record));
              }} {
    (notes(about, static_cast<R*>(nullptr)), ...);
  }

 private:
  template <class M>
  static FieldRef refer(const M& member, R& record) {
    using Value = std::invoke_result_t<const M&, R&>;
    if constexpr (std::is_same_v<Value, FieldRef>)
      return std::invoke(member, record);
    else if constexpr (std::is_lvalue_reference_v<Value>)
      return FieldRef(&std::invoke(member, record));
    else
      return Computed(std::invoke(member, record));
  }
};

// The rows of an R.
template <class R>
struct Fields : FieldTable {
  Fields(std::string table, const std::vector<Row<R>>& list)
      : FieldTable{std::move(table), {list.begin(), list.end()}, [] {
                     return std::static_pointer_cast<void>(std::make_shared<R>());
                   }} {}
};

// A member of a member.
template <class A, class B>
auto at(A a, B b) {
  return [ a, b ](auto& record) -> auto& { return std::invoke(b, std::invoke(a, record)); };
}
template <class A, class B, class C>
auto at(A a, B b, C c) {
  return at(at(a, b), c);
}

// The value of an optional member, made where there is none: its row says when it is `known` or
// `written`, and else it is not called.
template <class R, class V>
auto value_of(std::optional<V> R::*member) {
  return [member](R& record) -> V& {
    std::optional<V>& value = record.*member;
    return value ? *value : value.emplace();
  };
}

// REQUIRES: `fields` lives as long as the row, here and below.
template <class M, class Sub>
auto object(M member, const Fields<Sub>& fields) {
  return [member, &fields](auto& record) -> FieldRef {
    Sub& sub = std::invoke(member, record);
    return ObjectRef{&sub, &fields};
  };
}

// An object in the record whose values are the same struct's.
template <class R>
auto group(const std::vector<Row<R>>& rows) {
  return [fields = std::make_shared<Fields<R>>("", rows)](R& record) -> FieldRef {
    return ObjectRef{&record, fields.get()};
  };
}

// A std::vector of objects.
template <class M, class Sub>
auto list(M member, const Fields<Sub>& fields) {
  return [member, &fields](auto& record) -> FieldRef {
    std::vector<Sub>* of = &std::invoke(member, record);
    return ObjectsRef{&fields, false,
                      [of](const ObjectsRef::Visit& visit) {
                        for (std::size_t i = 0; i < of->size(); ++i)
                          visit(std::to_string(i), &(*of)[i]);
                      },
                      [of](const std::string&, bool) { return &of->emplace_back(); }};
  };
}

// A std::map of objects by their keys, where none stands for null.
template <class M, class Sub>
auto keyed(M member, const Fields<Sub>& fields) {
  return [member, &fields](auto& record) -> FieldRef {
    std::map<std::string, std::optional<Sub>>* of = &std::invoke(member, record);
    return ObjectsRef{&fields, true,
                      [of](const ObjectsRef::Visit& visit) {
                        for (auto& [key, one] : *of) visit(key, one ? &*one : nullptr);
                      },
                      [of](const std::string& key, bool is_null) -> void* {
                        auto& one = (*of)[key];
                        return is_null ? nullptr : &one.emplace();
                      }};
  };
}

// One of a few values, each with its word: `all`, in the order of the enumeration; of a bool the
// word for false comes first.
template <class M, class Words>
auto words(M member, const Words& all) {
  return
      [member, all = std::vector<std::string>(all.begin(), all.end())](auto& record) -> FieldRef {
        auto& value = std::invoke(member, record);
        using Value = std::remove_reference_t<decltype(value)>;
        return WordRef{all, all[static_cast<std::size_t>(value)],
                       [&value](std::size_t i) { value = static_cast<Value>(i); }};
      };
}

}  // namespace pktbench
