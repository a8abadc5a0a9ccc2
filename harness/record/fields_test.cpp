// Every field of every table, whatever they are: a row that is added is tested by these.
#include "harness/record/fields.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "harness/record/field_json.hpp"
#include "harness/testing/sample_test_run.hpp"
#include "harness/text/section.hpp"

namespace pktbench {
namespace {

// Puts something into every member that is not what an empty record holds.
class Filler {
 public:
  explicit Filler(const Field& field) : field_(field) {}

  void operator()(bool* v) const { *v = !*v; }
  void operator()(int* v) const { *v = static_cast<int>(next()); }
  void operator()(std::uint32_t* v) const { *v = static_cast<std::uint32_t>(next() + 64); }
  void operator()(std::uint64_t* v) const { *v = UINT64_MAX - next(); }
  void operator()(std::int64_t* v) const { *v = INT64_MIN + static_cast<std::int64_t>(next()); }
  void operator()(double* v) const {
    *v = *field_.about.bounds.value_or(kMeasure).max / static_cast<double>(1 + next());
  }
  void operator()(std::uint16_t* v) const { *v = static_cast<std::uint16_t>(next()); }
  void operator()(std::string* v) const { *v = "text \"" + std::to_string(next()); }
  template <class T>
  void operator()(std::optional<T>* v) const {
    (*this)(&v->emplace());
  }
  template <class T>
  void operator()(std::vector<T>* v) const {
    for (int i = 0; i < 2; ++i) (*this)(&v->emplace_back());
  }
  void operator()(std::set<std::string>* v) const { *v = {"a", "b"}; }
  template <class T>
  void operator()(std::map<std::string, T>* v) const {
    for (const char* key : {"a", "b"}) (*this)(&(*v)[key]);
  }
  void operator()(Options* v) const {
    *v = {{"batch", std::int64_t{7}}, {"b", true}, {"c", -0.5}, {"d", std::string("e")}};
  }
  // The second: that of a trial is "invalid", so that it has a reason.
  void operator()(const WordRef& v) const { v.set(1); }
  void operator()(const IntervalRef& v) const {
    (*this)(v.lo);
    (*this)(v.hi);
  }
  void operator()(const ObjectRef& v) const { fill(*v.fields, v.at); }
  void operator()(const ObjectsRef& v) const {
    for (const char* key : {"a", "b"}) fill(*v.fields, v.add(key, false));
  }
  void operator()(const ReasonsRef&) const {}
  void operator()(const Computed&) const {}

  static void fill(const FieldTable& fields, void* record) {
    for (const Field& field : fields.rows) {
      std::visit(Filler(field), field.ref(record));
      if (field.about.after_reading) field.about.after_reading(record, true);
    }
  }

 private:
  static std::uint64_t next() {
    static std::uint64_t last = 0;
    return ++last % 1000;
  }

  const Field& field_;
};

const FieldTable* const kTables[] = {&trial_fields(), &mode_fields(), &summary_fields(),
                                     &port_fields(),  &case_fields(), &run_fields()};

bool is_alone(const FieldTable& fields) {
  return std::ranges::find(kTables, &fields) != std::end(kTables);
}

// Calls visit(row, a record of its table, whose key stands at `at` in what `top` writes) for every
// row, those of tables in tables included but for kTables, which are each visited alone: a run of
// everything for each row of it takes a sanitizer minutes.
template <class F>
void each_row(const FieldTable& fields, void* record, const Json::json_pointer& at, F&& visit) {
  for (const Field& field : fields.rows) {
    const Json::json_pointer here = at / (field.key == "*" ? "a" : field.key);
    const FieldRef ref = field.ref(record);
    visit(field, ref, record, here);
    if (const auto* object = std::get_if<ObjectRef>(&ref); object && !is_alone(*object->fields))
      each_row(*object->fields, object->at, here, visit);
    if (const auto* objects = std::get_if<ObjectsRef>(&ref); objects && !is_alone(*objects->fields))
      objects->each([&](const std::string& key, void* one) {
        const auto below = objects->keyed ? here / key : here / std::stoul(key);
        each_row(*objects->fields, one, below, visit);
      });
  }
}

struct Filled {
  explicit Filled(const FieldTable& table) : fields(table), record(table.make()) {
    Filler::fill(fields, record.get());
  }
  Json written() const { return write_fields(fields, record.get()); }
  template <class F>
  void each(F&& visit) const {
    each_row(fields, record.get(), Json::json_pointer(), visit);
  }

  const FieldTable& fields;
  std::shared_ptr<void> record;
};

std::string read_fault(const FieldTable& fields, const Json& json) {
  Faults faults;
  read_fields(fields, fields.make().get(), json, Json::json_pointer(), faults);
  return faults.first;
}

TEST(Fields, AreEachDescribed) {
  for (const FieldTable* table : kTables)
    Filled(*table).each([](const Field& field, const FieldRef&, void*, const auto& at) {
      EXPECT_FALSE(field.about.help.empty()) << at;
      EXPECT_EQ(field.about.help.find_first_of("|\n"), std::string::npos) << at;
    });
}

TEST(Fields, AreEachWrittenAndReadBackEqual) {
  std::set<std::string> null_when_filled;
  for (const FieldTable* table : kTables) {
    const Filled filled(*table);
    const Json written = filled.written();
    filled.each([&](const Field&, const FieldRef&, void*, const Json::json_pointer& at) {
      ASSERT_TRUE(written.contains(at)) << table->name << at;
      if (written[at].is_null()) null_when_filled.insert(table->name + at.to_string());
    });
    const auto read = table->make();
    Faults faults;
    read_fields(*table, read.get(), Json::parse(dump_json(written, -1)), Json::json_pointer(),
                faults);
    EXPECT_EQ(faults.first, "");
    EXPECT_EQ(write_fields(*table, read.get()), written) << table->name;
  }
  // Reasons why there is no value stand beside none that is there.
  std::erase_if(null_when_filled, [](const std::string& at) { return at.ends_with("/reason"); });
  // A mix of frames has no one size.
  EXPECT_EQ(null_when_filled, std::set<std::string>{"case/frame_size"});
}

// What a double may be wrong by, and what the reason then says.
void expect_null(double value, const char* why) {
  for (const FieldTable* table : kTables) {
    const Filled filled(*table);
    filled.each([&](const Field& field, const FieldRef&, void* record, const auto& at) {
      const FieldRef ref = field.ref(record);
      double* number = nullptr;
      if (auto* const* plain = std::get_if<double*>(&ref)) number = *plain;
      if (auto* const* optional = std::get_if<std::optional<double>*>(&ref)) number = &***optional;
      if (auto* const* map = std::get_if<std::map<std::string, double>*>(&ref))
        number = &(**map)["a"];
      if (const auto* interval = std::get_if<IntervalRef>(&ref)) number = interval->hi;
      const bool any_sign = field.about.bounds && *field.about.bounds->min < 0;
      if (!number || (value < 0 && any_sign)) return;
      const double good = std::exchange(*number, value);
      const Json written = filled.written();
      *number = good;
      const bool is_map = std::holds_alternative<std::map<std::string, double>*>(ref);
      const auto place = is_map && field.key != "*" ? at / "a" : at;
      EXPECT_EQ(written[place], nullptr) << table->name << place << ": " << written[place];
      EXPECT_EQ(read_fault(*table, written), "") << table->name << place;
      if (table != &trial_fields()) return;
      std::string path = place.to_string().substr(1);
      std::replace(path.begin(), path.end(), '/', '.');
      const std::string reason = written["missing"].value(path, "none");
      EXPECT_NE(reason.find(why), std::string::npos) << path << ": " << reason;
    });
  }
}

TEST(Fields, HoldNoNumberThatIsNone) {
  expect_null(std::numeric_limits<double>::quiet_NaN(), kNoNumber);
  expect_null(std::numeric_limits<double>::infinity(), kNoNumber);
  expect_null(1e300, kNoNumber);
}

TEST(Fields, HoldNoNumberOutOfTheirBounds) { expect_null(-1, "it was -1, and must be "); }

TEST(Fields, ThatOlderRecordsLackMayBeAbsentAndNoOthers) {
  for (const FieldTable* table : kTables) {
    const Filled filled(*table);
    const Json whole = filled.written();
    filled.each([&](const Field& field, const FieldRef&, void*, const Json::json_pointer& at) {
      if (field.key == "*") return;
      Json without = whole;
      without[at.parent_pointer()].erase(field.key);
      const bool optional = field.about.older_lack_it || field.about.written;
      EXPECT_EQ(read_fault(*table, without), optional ? "" : at.to_string() + ": is missing");
    });
  }
}

TEST(RunJson, IsReadBackWhole) {
  RunDocument document = test::sample_run();
  PortReport port;
  port.role = "dut";
  port.interface = "eth1";
  port.pci = "0000:01:00.0";
  port.link_unknown = "no carrier";
  port.settings = {{"", "mtu", "1500", "9000", "1500", ""}};
  document.testbed.ports = {port};
  document.cases[0].bpf_stats = true;
  document.cases[0].bpf_reason = "the kernel has none";
  const Json written = to_json(document);
  const auto read = run_from_json(written);
  ASSERT_TRUE(read) << read.error().message;
  RunDocument again = read->head;
  const auto ports = std::exchange(again.testbed, read->cases[0].testbed).ports;
  again.testbed.ports = ports;
  for (const CaseDocument& c : read->cases) again.cases.push_back(c.result);
  EXPECT_EQ(to_json(again), written);
  EXPECT_EQ(read->cases[0].summary.mpps.n, 5u);
  EXPECT_EQ(read->cases[0].summary.mpps.median, summarize_case(document.cases[0])->mpps.median);
  EXPECT_EQ(read->cases[0].summary.mpps.ci95->confidence, 0.9375);
}

TEST(RunJson, ReadingNamesTheValueAtFault) {
  const Json good = to_json(test::sample_run());
  const auto fault = [&good](const char* pointer, const Json& value) {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = value;
    const auto read = run_from_json(bad);
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(fault("/schema", "pktbench-run/2"),
            "/schema: must be \"pktbench-run/1\", and is \"pktbench-run/2\": is this a run.json of "
            "pktbench?");
  EXPECT_EQ(fault("/run/interrupted", 1), "/run/interrupted: must be true or false");
  EXPECT_EQ(fault("/environment", 1), "/environment: is no object");
  EXPECT_EQ(fault("/cases", 1), "/cases: must be a list");
  EXPECT_EQ(fault("/cases/0/frame_size", 60),
            "/cases/0/frame_size: must be a count of at least 64");
  EXPECT_EQ(fault("/cases/0/rate_pps", 0),
            "/cases/0/rate_pps: must be a number, above 0 and at most 1e+20, or null");
  EXPECT_EQ(fault("/cases/0/backend_options/x", Json::array()),
            "/cases/0/backend_options/x: must be a number, text, true or false");
  EXPECT_EQ(fault("/cases/0/telemetry", "half"),
            "/cases/0/telemetry: must be none or full, and is \"half\"");
  EXPECT_EQ(fault("/cases/1/trials/2/mpps", "x"),
            "/cases/1/trials/2/mpps: must be a number, 0 to 1e+20, or null");
  EXPECT_EQ(fault("/cases/0/summary/mpps/ci95", {1}),
            "/cases/0/summary/mpps/ci95: must be a pair of numbers");
  EXPECT_EQ(fault("/ports", {{{"role", "dut"}}}), "/ports/0/interface: is missing");
  for (const Json& nonsense : {Json(), Json(3), Json::array(), Json::object()})
    EXPECT_FALSE(run_from_json(nonsense));
}

}  // namespace
}  // namespace pktbench
