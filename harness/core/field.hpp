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

// A sentence, or a function that gives it.
template <class R>
class Why : public std::function<std::string(const R&)> {
 public:
  using std::function<std::string(const R&)>::function;
  Why(const char* sentence) : Why([sentence](const R&) { return std::string(sentence); }) {}
};

// What a row says beside its key and member.
template <class R>
struct About {
  std::string unit = {};
  std::string help = {};                       // Markdown, one line
  std::optional<Bounds> bounds = {};           // none: what the type allows; of a double 0 to 1e20
  bool above_0 = false;                        // 0 itself is out of bounds
  std::function<bool(const R&)> known = {};    // where not, it is null whatever the member holds
  Why<R> null = {};                            // the reason, where it is null; an empty text is
  bool null_is_a_value = false;                // nothing is missing then: there is no reason
  Why<R> empty = {};                           // what stands for an empty text
  std::function<bool(const R&)> written = {};  // where not, the key is left out
  bool older_lack_it = false;
  std::function<void(R&, bool has_value)> after_reading = {};
  std::string schema = {};  // a definition of the schema that says more than the type does
};

// What a row may say, each as a member of About says it: {"mpps", &T::mpps, "help", unit("Mpps")}.
namespace notes {

inline constexpr auto unit = [](auto value) {
  return [value](auto& about) { about.unit = value; };
};
inline constexpr auto bounds = [](auto value) {
  return [value](auto& about) { about.bounds = value; };
};
inline constexpr auto known = [](auto value) {
  return [value](auto& about) { about.known = value; };
};
inline constexpr auto null = [](auto value) {
  return [value](auto& about) { about.null = value; };
};
inline constexpr auto empty = [](auto value) {
  return [value](auto& about) { about.empty = value; };
};
inline constexpr auto written = [](auto value) {
  return [value](auto& about) { about.written = value; };
};
inline constexpr auto after_reading = [](auto value) {
  return [value](auto& about) { about.after_reading = value; };
};
inline constexpr auto schema = [](auto value) {
  return [value](auto& about) { about.schema = value; };
};
inline constexpr auto above_0 = [](auto& about) { about.above_0 = true; };
inline constexpr auto null_is_a_value = [](auto& about) { about.null_is_a_value = true; };
inline constexpr auto older_lack_it = [](auto& about) { about.older_lack_it = true; };

}  // namespace notes

// A row, whatever it is a row of. The pointers are to that.
struct Field {
  std::string key;  // "*": every key that no other row names
  About<void*> about;
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
      : Field{std::move(name), {}, [member](void* record) {
                return refer(member, *static_cast<R*>(record));
              }} {
    About<R> said{.help = std::move(help)};
    (notes(said), ...);
    about = erased(said);
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

  template <class F>
  static auto on_pointer(F f) {
    return [f](void* const& record) { return f(*static_cast<const R*>(record)); };
  }

  static About<void*> erased(About<R> a) {
    About<void*> made{a.unit, a.help, a.bounds,        a.above_0, {},      {}, a.null_is_a_value,
                      {},     {},     a.older_lack_it, {},        a.schema};
    if (a.known) made.known = on_pointer(a.known);
    if (a.null) made.null = on_pointer(a.null);
    if (a.empty) made.empty = on_pointer(a.empty);
    if (a.written) made.written = on_pointer(a.written);
    if (a.after_reading)
      made.after_reading = [f = a.after_reading](void*& record, bool has_value) {
        f(*static_cast<R*>(record), has_value);
      };
    return made;
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
