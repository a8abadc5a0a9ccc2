// Writes what the tables of fields say into results/schema/run.schema.json and the key table of
// results/README.md; with --check it says instead whether they are as it would write them.
//
// Of a definition in the schema that is a table's it makes type, required and properties; all else
// (what a rule says across fields, the environment, the scenario) is written there by hand.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>

#include "harness/record/field_json.hpp"
#include "harness/record/fields.hpp"
#include "harness/record/fingerprint.hpp"
#include "harness/sys/json_file.hpp"
#include "harness/text/record_number.hpp"

namespace pktbench {
namespace {

constexpr std::size_t kColumns = 120;

struct Root {
  const FieldTable* fields;
  const char* prefix;  // of its keys in the README
};

std::vector<Root> roots() {
  return {{&run_fields(), "run."},
          {&fingerprint_fields(), "fingerprint."},
          {&port_fields(), "ports[]."},
          {&case_fields(), "cases[]."},
          {&mode_fields(), "….mode."},
          {&trial_fields(), "trials[]."},
          {&summary_fields(), "summary.<measure>."}};
}

std::string help_of(const Field& field) {
  return field.about.help + (field.about.older_lack_it ? " Older runs lack it." : "");
}

Json object_schema(const FieldTable& fields, void* record);

Json table_schema(const FieldTable& fields, void* record) {
  if (!fields.name.empty()) return {{"$ref", "#/definitions/" + fields.name}};
  return object_schema(fields, record);
}

// What a value of its type may be, null aside.
class TypeSchema {
 public:
  explicit TypeSchema(const Field& field) : field_(field) {}

  Json operator()(const bool*) const { return {{"type", "boolean"}}; }
  Json operator()(const int*) const { return integer(kSmallCount); }
  Json operator()(const std::uint32_t*) const { return integer(kSmallCount); }
  Json operator()(const std::uint64_t*) const {
    return {{"type", "integer"}, {"minimum", 0}, {"maximum", UINT64_MAX}};
  }
  Json operator()(const std::int64_t*) const {
    return {{"type", "integer"}, {"minimum", INT64_MIN}, {"maximum", INT64_MAX}};
  }
  Json operator()(const double*) const {
    const Bounds bounds = field_.about.bounds.value_or(kMeasure);
    Json made = {{"type", "number"}};
    made[field_.about.above_0 ? "exclusiveMinimum" : "minimum"] = plain(*bounds.min);
    made["maximum"] = plain(*bounds.max);
    return made;
  }
  Json operator()(const std::string*) const {
    return is_nullable(field_, static_cast<std::string*>(nullptr))
               ? Json({{"type", "string"}, {"minLength", 1}})
               : Json({{"type", "string"}});
  }
  template <class T>
  Json operator()(const std::optional<T>*) const {
    return (*this)(static_cast<const T*>(nullptr));
  }
  template <class T>
  Json operator()(const std::vector<T>*) const {
    return {{"type", "array"}, {"items", item(static_cast<const T*>(nullptr))}};
  }
  Json operator()(const std::set<std::string>*) const {
    return {{"type", "array"},
            {"uniqueItems", true},
            {"items", item(static_cast<const std::string*>(nullptr))}};
  }
  template <class T>
  Json operator()(const std::map<std::string, T>*) const {
    Json made = (*this)(static_cast<const T*>(nullptr));
    if (std::is_same_v<T, double>) made["type"] = Json::array({"number", "null"});
    return {{"type", "object"}, {"additionalProperties", made}};
  }
  Json operator()(const Options*) const {
    return {{"type", "object"},
            {"additionalProperties", {{"type", {"boolean", "number", "string"}}}}};
  }
  Json operator()(const WordRef& v) const { return {{"enum", v.words}}; }
  Json operator()(const IntervalRef&) const {
    return {{"type", "array"},
            {"minItems", 2},
            {"maxItems", 2},
            {"items", (*this)(static_cast<const double*>(nullptr))}};
  }
  Json operator()(const ObjectRef& v) const { return table_schema(*v.fields, v.at); }
  Json operator()(const ObjectsRef& v) const {
    const auto one = v.fields->make();
    Json made = table_schema(*v.fields, one.get());
    if (!v.keyed) return {{"type", "array"}, {"items", made}};
    made["type"] = Json::array({"object", "null"});
    return {{"type", "object"}, {"additionalProperties", made}};
  }
  Json operator()(const ReasonsRef&) const { return {{"type", "object"}}; }
  Json operator()(const Computed& v) const {
    return std::visit([this](const auto& value) { return (*this)(&value); }, v);
  }

 private:
  // A whole number is written as one.
  static Json plain(double value) {
    constexpr double kInt = std::numeric_limits<int>::max();
    const bool whole = value >= -kInt && value <= kInt && value == std::trunc(value);
    return whole ? Json(static_cast<int>(value)) : Json(value);
  }
  Json integer(const Bounds& bounds_of_type) const {
    const Bounds bounds = field_.about.bounds.value_or(bounds_of_type);
    return {{"type", "integer"}, {"minimum", plain(*bounds.min)}, {"maximum", plain(*bounds.max)}};
  }
  Json item(const std::string*) const { return {{"type", "string"}, {"minLength", 1}}; }
  Json item(const std::uint64_t* v) const { return (*this)(v); }
  Json item(const std::uint16_t*) const {
    return {{"type", "integer"}, {"minimum", 0}, {"maximum", UINT16_MAX}};
  }

  const Field& field_;
};

Json field_schema(const Field& field, void* record) {
  Json made = {{"description", help_of(field)}};
  if (!field.about.unit.empty()) made["unit"] = field.about.unit;
  const FieldRef ref = field.ref(record);
  Json type = std::visit(TypeSchema(field), ref);
  if (!field.about.schema.empty()) {
    type = {{"$ref", "#/definitions/" + field.about.schema}};
  } else if (is_nullable(field, ref)) {
    if (type.contains("$ref"))
      type = {{"oneOf", {{{"type", "null"}}, type}}};
    else if (type.contains("enum"))
      type["enum"].push_back(nullptr);
    else
      type["type"] = {type["type"], "null"};
  }
  made.update(type);
  return made;
}

Json object_schema(const FieldTable& fields, void* record) {
  Json made = {{"type", "object"}, {"required", Json::array()}, {"properties", Json::object()}};
  for (const Field& field : fields.rows) {
    if (field.key == "*") {
      made["additionalProperties"] =
          std::visit(TypeSchema(field), field.ref(record))["additionalProperties"];
      continue;
    }
    made["properties"][field.key] = field_schema(field, record);
    if (!field.about.older_lack_it && !field.about.written) made["required"].push_back(field.key);
  }
  return made;
}

// What fits on a line stands on one.
std::string text_of(const Json& json, std::size_t indent, std::size_t taken) {
  std::string flat;
  const bool empty = !json.is_structured() || json.empty();
  const std::string in(indent + 2, ' ');
  std::string deep;
  for (auto item = json.begin(); !empty && item != json.end(); ++item) {
    const std::string key = json.is_object() ? Json(item.key()).dump() + ": " : "";
    flat += (flat.empty() ? "" : ", ") + key + text_of(*item, 0, 0);
    deep += (deep.empty() ? "\n" : ",\n") + in + key +
            text_of(*item, indent + 2, indent + 3 + key.size());
  }
  if (empty) return json.dump();
  const char* ends = json.is_object() ? "{}" : "[]";
  const bool fits = taken + flat.size() + 2 <= kColumns && flat.find('\n') == std::string::npos;
  return ends[0] + (fits ? flat : deep + "\n" + std::string(indent, ' ')) + ends[1];
}

void add_rows(const FieldTable& fields, void* record, const std::string& prefix,
              std::string& made) {
  for (const Field& field : fields.rows) {
    const FieldRef ref = field.ref(record);
    std::string path = prefix + field.key;
    if (field.key == "*") path = prefix + "<name>";
    const auto* object = std::get_if<ObjectRef>(&ref);
    const auto* objects = std::get_if<ObjectsRef>(&ref);
    if (objects) path += objects->keyed ? ".<name>" : "[]";
    made += "| `" + path + "` | " + field.about.unit + " | " + help_of(field) + " |\n";
    if (object && object->fields->name.empty())
      add_rows(*object->fields, object->at, path + ".", made);
    if (objects && objects->fields->name.empty())
      add_rows(*objects->fields, objects->fields->make().get(), path + ".", made);
  }
}

std::string key_table() {
  std::string made = "| key | unit | meaning |\n|---|---|---|\n";
  for (const Root& root : roots())
    add_rows(*root.fields, root.fields->make().get(), root.prefix, made);
  return made;
}

std::string read_whole(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  return {};
}

// Empty, and said why, where it cannot be made.
std::string made_schema(const std::string& path) {
  auto json = read_json_file(path);
  if (!json) return fail(json.error().message);
  for (const Root& root : roots()) {
    const auto record = root.fields->make();
    (*json)["definitions"][root.fields->name].update(object_schema(*root.fields, record.get()));
  }
  return text_of(*json, 0, 0) + "\n";
}

std::string made_readme(const std::string& path) {
  const std::string old = read_whole(path);
  const std::string begin = "<!-- fields: made by record_schema -->\n";
  const std::size_t from = old.find(begin);
  const std::size_t to = old.find("<!-- end of fields -->\n");
  if (from == std::string::npos || to == std::string::npos || to < from)
    return fail(path + ": has no marks for the key table");
  return old.substr(0, from + begin.size()) + key_table() + old.substr(to);
}

}  // namespace
}  // namespace pktbench

int main(int argc, char** argv) {
  using namespace pktbench;
  const bool check = argc == 3 && std::string(argv[2]) == "--check";
  if (argc != 2 && !check) {
    fail("usage: record_schema SOURCE [--check]");
    return 2;
  }
  const std::string results = std::string(argv[1]) + "/results/";
  bool good = true;
  for (const auto& [path, make] : {std::pair(results + "schema/run.schema.json", &made_schema),
                                   std::pair(results + "README.md", &made_readme)}) {
    const std::string made = make(path);
    const bool current = made == read_whole(path);
    if (made.empty() || (check && !current)) good = false;
    if (check && !current && !made.empty())
      fail(path + " is not as the fields of harness/record are; make it so with: " + argv[0] + " " +
           argv[1]);
    if (!check && !current && !made.empty()) std::ofstream(path) << made;
  }
  return good ? 0 : 1;
}
