#include "harness/record/field_json.hpp"

#include <algorithm>
#include <limits>

#include "harness/core/lookup.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

using Pointer = Json::json_pointer;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool keeps_reasons(const FieldTable& fields) { return fields.rows.back().key == "missing"; }

std::string range_of(const Field& field, const Bounds& bounds) {
  return field.about.above_0 ? "above 0 and at most " + number_text(*bounds.max)
                             : range_text(bounds);
}

bool within(const Field& field, const Bounds& bounds, double value) {
  return inside(value, bounds) && !(field.about.above_0 && value <= 0);
}

void write_rows(const FieldTable& fields, void* record, Section& section, Json& missing);

// Puts one value into its section.
class Writer {
 public:
  Writer(const Field& field, void* record, Section& section, Json& missing)
      : field_(field), record_(record), section_(section), missing_(missing) {}

  void null() const {
    const auto& about = field_.about;
    if (about.null_is_a_value)
      section_.set(field_.key, nullptr);
    else
      section_.null(field_.key, about.null ? about.null(record_) : "");
  }

  void operator()(const double* v) const { number(section_, field_.key, *v); }
  template <class T>
  void operator()(const std::optional<T>* v) const {
    v->has_value() ? (*this)(&**v) : null();
  }
  void operator()(const std::string* v) const {
    const std::string& text = v->empty() && field_.about.empty ? field_.about.empty(record_) : *v;
    if (text.empty() && (field_.about.null || field_.about.null_is_a_value))
      null();
    else
      section_.set(field_.key, Json(text));
  }
  void operator()(const std::map<std::string, double>* v) const {
    if (field_.key == "*") {
      for (const auto& [key, value] : *v) number(section_, key, value);
      return;
    }
    Section below = section_.below(field_.key);
    for (const auto& [key, value] : *v) number(below, key, value);
    section_.set(field_.key, below.take());
  }
  void operator()(const Options* v) const {
    Section below = section_.below(field_.key);
    for (const auto& [key, value] : *v)
      std::visit([&, name = key](const auto& one) { below.set(name, Json(one)); }, value);
    section_.set(field_.key, below.take());
  }
  // Other numbers, lists and maps.
  template <class T>
  void operator()(const T* v) const {
    Json made = Json(*v);
    section_.set(field_.key, made.is_null() ? Json::object() : std::move(made));
  }
  void operator()(const WordRef& v) const { section_.set(field_.key, Json(v.word)); }
  void operator()(const IntervalRef& v) const {
    section_.set(field_.key, Json::array({*v.lo, *v.hi}));
  }
  void operator()(const ObjectRef& v) const {
    section_.set(field_.key, object(*v.fields, v.at, section_.below(field_.key)));
  }
  void operator()(const ObjectsRef& v) const {
    Section all = section_.below(field_.key);
    Json made = v.keyed ? Json::object() : Json::array();
    v.each([&](const std::string& key, void* one) {
      if (!one) all.null(key, "");
      Json written = one ? object(*v.fields, one, all.below(key)) : Json();
      v.keyed ? void(made[key] = std::move(written)) : made.push_back(std::move(written));
    });
    section_.set(field_.key, std::move(made));
  }
  void operator()(const ReasonsRef&) const {
    section_.set(field_.key, Json(missing_.get<Reasons>()));  // sorted
  }
  void operator()(const Computed& v) const {
    std::visit([this](const auto& value) { (*this)(&value); }, v);
  }

 private:
  // One that keeps its own reasons, or whose reasons are kept here.
  Json object(const FieldTable& fields, void* one, Section section) const {
    if (keeps_reasons(fields)) return write_fields(fields, one);
    write_rows(fields, one, section, missing_);
    return section.take();
  }

  void number(Section& section, const std::string& key, double value) const {
    const Bounds bounds = field_.about.bounds.value_or(kMeasure);
    if (within(field_, bounds, value) || !inside(value, kRecordable))
      section.set(key, Json(value));  // null where it is no number
    else
      section.null(key,
                   "it was " + number_text(value) + ", and must be " + range_of(field_, bounds));
  }

  const Field& field_;
  void* record_;
  Section& section_;
  Json& missing_;
};

void write_rows(const FieldTable& fields, void* record, Section& section, Json& missing) {
  for (const Field& field : fields.rows) {
    if (field.about.written && !field.about.written(record)) continue;
    const Writer writer(field, record, section, missing);
    if (field.about.known && !field.about.known(record))
      writer.null();
    else
      std::visit(writer, field.ref(record));
  }
}

// "a, b or c"
std::string one_of(const std::vector<std::string>& words) {
  std::string made = words.front();
  for (std::size_t i = 1; i < words.size(); ++i)
    made += (i + 1 < words.size() ? ", " : " or ") + words[i];
  return made;
}

// Reads one value into its member.
class FieldReader {
 public:
  FieldReader(const FieldTable& fields, const Field& field, const Json& value, Pointer where,
              Faults& faults)
      : fields_(fields), field_(field), value_(value), at_(std::move(where)), faults_(faults) {}

  template <class T>
  void operator()(T* v) const {
    read(value_, at_, *v);
  }
  void operator()(const WordRef& v) const {
    std::string word;
    read(value_, at_, word);
    const auto found = std::ranges::find(v.words, word);
    if (found == v.words.end())
      return faults_.add(at_, "must be " + one_of(v.words) + ", and is " + in_quotes(word));
    v.set(static_cast<std::size_t>(found - v.words.begin()));
  }
  void operator()(const IntervalRef& v) const {
    if (!must(value_.is_array() && value_.size() == 2, at_, "be a pair of numbers")) return;
    read(value_[0], at_ / 0, *v.lo);
    read(value_[1], at_ / 1, *v.hi);
  }
  void operator()(const ObjectRef& v) const { read_fields(*v.fields, v.at, value_, at_, faults_); }
  void operator()(const ObjectsRef& v) const {
    const auto add = [&](const std::string& key, const Json& one, const Pointer& at) {
      if (void* made = v.add(key, v.keyed && one.is_null()))
        read_fields(*v.fields, made, one, at, faults_);
    };
    if (v.keyed)
      each(value_, at_, add);
    else if (must(value_.is_array(), at_, "be a list"))
      for (std::size_t i = 0; i < value_.size(); ++i) add("", value_[i], at_ / i);
  }
  void operator()(const ReasonsRef& v) const {
    Reasons reasons;
    read(value_, at_, reasons);
    if (v.keep) v.keep(std::move(reasons));
  }
  // It is checked and not kept.
  void operator()(const Computed& v) const {
    std::visit([this](auto value) { read(value_, at_, value); }, v);
  }

 private:
  bool must(bool fits, const Pointer& at, const char* what) const {
    if (!fits) faults_.add(at, std::string("must ") + what);
    return fits;
  }

  void read(const Json& json, const Pointer& at, bool& v) const {
    if (must(json.is_boolean(), at, "be true or false")) v = json.get<bool>();
  }
  void read(const Json& json, const Pointer& at, std::string& v) const {
    if (must(json.is_string(), at, "be a string")) v = json.get<std::string>();
  }
  void read(const Json& json, const Pointer& at, std::int64_t& v) const {
    const auto integer = integer_of(json);
    if (must(integer.has_value(), at, "be an integer")) v = *integer;
  }
  // Other whole numbers are counts.
  template <class T>
  std::enable_if_t<std::is_integral_v<T>> read(const Json& json, const Pointer& at, T& v) const {
    const Bounds bounds = field_.about.bounds.value_or(kSmallCount);
    const auto most = static_cast<std::uint64_t>(*bounds.max);
    const bool is_small = field_.about.bounds || sizeof(T) < sizeof(std::uint64_t);
    const auto found = count_of(
        json, std::min<std::uint64_t>(is_small ? most : UINT64_MAX, std::numeric_limits<T>::max()));
    if (found && static_cast<double>(*found) >= *bounds.min)
      v = static_cast<T>(*found);
    else
      faults_.add(at, "must be a count" +
                          (*bounds.min > 0 ? " of at least " + number_text(*bounds.min) : ""));
  }
  void read(const Json& json, const Pointer& at, double& v) const {
    std::optional<double> found;
    read(json, at, found);
    v = found.value_or(kNaN);
  }
  void read(const Json& json, const Pointer& at, std::optional<double>& v) const {
    const Bounds bounds = field_.about.bounds.value_or(kMeasure);
    v = number_of(json, bounds);
    if (v && !within(field_, bounds, *v)) v.reset();
    if (!v && !json.is_null())
      faults_.add(at, "must be a number, " + range_of(field_, bounds) + ", or null");
  }
  template <class T>
  void read(const Json& json, const Pointer& at, std::optional<T>& v) const {
    if (!json.is_null()) read(json, at, v.emplace());
  }
  void read(const Json& json, const Pointer& at, OptionValue& v) const {
    const auto integer = integer_of(json);
    const auto real = number_of(json, kRecordable);
    if (json.is_boolean())
      v = json.get<bool>();
    else if (integer)
      v = *integer;
    else if (real)
      v = *real;
    else if (must(json.is_string(), at, "be a number, text, true or false"))
      v = json.get<std::string>();
  }
  template <class T>
  void read(const Json& json, const Pointer& at, std::map<std::string, T>& v) const {
    each(json, at, [&](const std::string& key, const Json& one, const Pointer& where) {
      read(one, where, v[key]);
    });
  }
  template <class T>
  void read(const Json& json, const Pointer& at, std::vector<T>& v) const {
    read_items<T>(json, at, v);
  }
  void read(const Json& json, const Pointer& at, std::set<std::string>& v) const {
    read_items<std::string>(json, at, v);
  }
  template <class T, class C>
  void read_items(const Json& json, const Pointer& at, C& v) const {
    if (!must(json.is_array(), at, "be a list")) return;
    for (std::size_t i = 0; i < json.size(); ++i) {
      T item{};
      read(json[i], at / i, item);
      v.insert(v.end(), std::move(item));
    }
  }

  // Of an object, every key that is this field's.
  template <class F>
  void each(const Json& json, const Pointer& at, F&& use) const {
    if (!must(json.is_object(), at, "be an object")) return;
    const bool others = field_.key == "*";
    for (const auto& [key, one] : json.items())
      if (!others || !contains(fields_.rows, key, &Field::key)) use(key, one, at / key);
  }

  const FieldTable& fields_;
  const Field& field_;
  const Json& value_;
  Pointer at_;
  Faults& faults_;
};

}  // namespace

bool is_nullable(const Field& field, const FieldRef& ref) {
  const auto* computed = std::get_if<Computed>(&ref);
  const bool is_measure = std::holds_alternative<double*>(ref) ||
                          std::holds_alternative<std::optional<double>*>(ref) ||
                          (computed && std::holds_alternative<std::optional<double>>(*computed));
  const auto& about = field.about;
  return is_measure || about.known || about.null || about.null_is_a_value;
}

Json write_fields(const FieldTable& fields, const void* const_record) {
  void* record = const_cast<void*>(const_record);  // writing changes nothing
  Json missing = Json::object();
  if (keeps_reasons(fields))
    missing = Json(std::get<ReasonsRef>(fields.rows.back().ref(record)).first);
  if (missing.is_null()) missing = Json::object();
  Section section("", missing);
  write_rows(fields, record, section, missing);
  return section.take();
}

void Faults::add(const Json::json_pointer& at, const std::string& what, bool absent) {
  if (first.empty() && (!heeds || heeds(at, absent)))
    first = printable(at.to_string(), kMaxPointer) + ": " + what;
}

void read_fields(const FieldTable& fields, void* record, const Json& json,
                 const Json::json_pointer& at, Faults& faults) {
  if (!json.is_object()) return faults.add(at, "is no object");
  for (const Field& field : fields.rows) {
    const bool others = field.key == "*";
    const auto found = json.find(field.key);
    const Json* value = others ? &json : found != json.end() ? &*found : nullptr;
    const auto& about = field.about;
    const bool has_value = value && !value->is_null();
    const bool may_be_null = about.known || about.null || about.null_is_a_value;
    if (!value && !about.older_lack_it && !about.written)
      faults.add(at / field.key, "is missing", true);
    // Where null is foreseen the member stays as it is; it may be one that would be made.
    if (value && (has_value || !may_be_null))
      std::visit(FieldReader(fields, field, *value, others ? at : at / field.key, faults),
                 field.ref(record));
    if (about.after_reading) about.after_reading(record, has_value);
  }
}

}  // namespace pktbench
