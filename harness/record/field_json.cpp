#include "harness/record/field_json.hpp"

#include <algorithm>
#include <limits>

#include "harness/text/input_error.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool keeps_reasons(const FieldTable& fields) { return fields.rows.back().key == "missing"; }

std::string range_of(const Field& field, const Bounds& bounds) {
  return field.about.above_0 ? "above 0 and at most " + number_text(*bounds.max)
                             : range_text(bounds);
}

bool within(const Field& field, const Bounds& bounds, double value) {
  return inside(value, bounds) && !(field.about.above_0 && value <= 0);
}

Json option_json(const OptionValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
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
    for (const auto& [key, value] : *v) below.set(key, option_json(value));
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
    section_.set(field_.key, rows_json(*v.fields, v.at, section_.below(field_.key)));
  }
  void operator()(const ObjectsRef& v) const {
    Section all = section_.below(field_.key);
    Json made = v.keyed ? Json::object() : Json::array();
    v.each([&](const std::string& key, void* one) {
      Json object;
      if (!one)
        all.null(key, "");
      else if (keeps_reasons(*v.fields))
        object = write_fields(*v.fields, one);
      else
        object = rows_json(*v.fields, one, all.below(key));
      if (v.keyed)
        made[key] = std::move(object);
      else
        made.push_back(std::move(object));
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
  Json rows_json(const FieldTable& fields, void* one, Section section) const {
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
  FieldReader(const FieldTable& fields, const Field& field, const Json& value,
              Json::json_pointer where, Faults& faults)
      : fields_(fields), field_(field), value_(value), at_(std::move(where)), faults_(faults) {}

  void operator()(bool* v) const {
    if (value_.is_boolean())
      *v = value_.get<bool>();
    else
      fail("must be true or false");
  }
  template <class T>
  void operator()(std::optional<T>* v) const {
    if (!value_.is_null()) (*this)(&v->emplace());
  }
  void operator()(int* v) const { count(value_, at_, v); }
  void operator()(std::uint32_t* v) const { count(value_, at_, v); }
  void operator()(std::uint64_t* v) const { count(value_, at_, v); }
  void operator()(std::int64_t* v) const {
    if (const auto integer = integer_of(value_))
      *v = *integer;
    else
      fail("must be an integer");
  }
  void operator()(double* v) const { *v = number(value_, at_).value_or(kNaN); }
  void operator()(std::optional<double>* v) const { *v = number(value_, at_); }
  void operator()(std::string* v) const { text(value_, at_, v); }
  void operator()(std::vector<std::string>* v) const { texts(v); }
  void operator()(std::set<std::string>* v) const { texts(v); }
  void operator()(std::vector<std::uint16_t>* v) const { counts(v); }
  void operator()(std::vector<std::uint64_t>* v) const { counts(v); }
  void operator()(std::map<std::string, std::uint64_t>* v) const {
    each([&](const std::string& key, const Json& one) { count(one, at_ / key, &(*v)[key]); });
  }
  void operator()(std::map<std::string, double>* v) const {
    each([&](const std::string& key, const Json& one) {
      (*v)[key] = number(one, at_ / key).value_or(kNaN);
    });
  }
  void operator()(std::map<std::string, std::string>* v) const {
    each([&](const std::string& key, const Json& one) { text(one, at_ / key, &(*v)[key]); });
  }
  void operator()(Options* v) const {
    each([&](const std::string& key, const Json& one) {
      if (one.is_boolean())
        (*v)[key] = one.get<bool>();
      else if (const auto integer = integer_of(one))
        (*v)[key] = *integer;
      else if (const auto real = number_of(one, kRecordable))
        (*v)[key] = *real;
      else if (one.is_string())
        (*v)[key] = one.get<std::string>();
      else
        faults_.add(at_ / key, "is no number, text, true or false");
    });
  }
  void operator()(const WordRef& v) const {
    std::string word;
    text(value_, at_, &word);
    const auto found = std::find(v.words.begin(), v.words.end(), word);
    if (found == v.words.end())
      return fail("must be " + one_of(v.words) + ", and is " + in_quotes(word));
    v.set(static_cast<std::size_t>(found - v.words.begin()));
  }
  void operator()(const IntervalRef& v) const {
    if (!value_.is_array() || value_.size() != 2) return fail("is no pair of numbers");
    *v.lo = number(value_[0], at_ / 0).value_or(kNaN);
    *v.hi = number(value_[1], at_ / 1).value_or(kNaN);
  }
  void operator()(const ObjectRef& v) const { read_fields(*v.fields, v.at, value_, at_, faults_); }
  void operator()(const ObjectsRef& v) const {
    if (v.keyed)
      return each([&](const std::string& key, const Json& one) {
        if (void* made = v.add(key, one.is_null()))
          read_fields(*v.fields, made, one, at_ / key, faults_);
      });
    if (!value_.is_array()) return fail("must be a list");
    for (std::size_t i = 0; i < value_.size(); ++i)
      read_fields(*v.fields, v.add("", false), value_[i], at_ / i, faults_);
  }
  void operator()(const ReasonsRef& v) const {
    Reasons reasons;
    (*this)(&reasons);
    if (v.keep) v.keep(std::move(reasons));
  }
  // It is checked and not kept.
  void operator()(const Computed& v) const {
    std::visit([this](auto value) { (*this)(&value); }, v);
  }

 private:
  void fail(const std::string& what) const { faults_.add(at_, what); }

  std::optional<double> number(const Json& json, const Json::json_pointer& where) const {
    if (json.is_null()) return std::nullopt;
    const Bounds bounds = field_.about.bounds.value_or(kMeasure);
    const auto found = number_of(json, bounds);
    if (found && within(field_, bounds, *found)) return found;
    faults_.add(where, "must be a number, " + range_of(field_, bounds) + ", or null");
    return std::nullopt;
  }

  void text(const Json& json, const Json::json_pointer& where, std::string* v) const {
    if (json.is_string())
      *v = json.get<std::string>();
    else
      faults_.add(where, "must be a string");
  }

  template <class T>
  void count(const Json& json, const Json::json_pointer& where, T* v) const {
    const Bounds bounds = field_.about.bounds.value_or(kSmallCount);
    const double least = *bounds.min;
    const bool is_small = field_.about.bounds || sizeof(T) < sizeof(std::uint64_t);
    const auto found =
        is_small ? count_of(json, static_cast<std::uint64_t>(*bounds.max)) : count_of(json);
    if (found && static_cast<double>(*found) >= least)
      *v = static_cast<T>(*found);
    else
      faults_.add(where, "must be a count" +
                             (least > 0 ? " of at least " + number_text(least) : std::string()));
  }

  template <class T>
  void counts(std::vector<T>* v) const {
    if (!value_.is_array()) return fail("must be a list");
    for (const Json& item : value_) {
      const auto found = count_of(item, std::numeric_limits<T>::max());
      if (!found) return fail("has an item that is no count");
      v->push_back(static_cast<T>(*found));
    }
  }

  template <class C>
  void texts(C* v) const {
    if (!value_.is_array()) return fail("must be a list");
    for (const Json& item : value_) {
      if (!item.is_string()) return fail("has an item that is no text");
      v->insert(v->end(), item.get<std::string>());
    }
  }

  // Of an object, every key that is this field's.
  template <class F>
  void each(F&& read) const {
    if (!value_.is_object()) return fail("must be an object");
    const bool others = field_.key == "*";
    for (const auto& [key, one] : value_.items())
      if (!others || std::none_of(fields_.rows.begin(), fields_.rows.end(),
                                  [&key = key](const Field& f) { return f.key == key; }))
        read(key, one);
  }

  const FieldTable& fields_;
  const Field& field_;
  const Json& value_;
  Json::json_pointer at_;
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
