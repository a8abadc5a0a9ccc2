#include "harness/runner/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <filesystem>
#include <locale>
#include <set>
#include <variant>

#include "harness/core/frame_mix.hpp"
#include "harness/core/lookup.hpp"
#include "harness/core/units.hpp"
#include "harness/method/latency/latency.hpp"
#include "harness/runner/scenario_cases.hpp"
#include "harness/runner/scenario_check.hpp"
#include "harness/runner/scenario_overrides.hpp"
#include "harness/sys/json_file.hpp"
#include "harness/text/input_error.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxDescription = 1000;
constexpr std::size_t kMaxLabel = 32;
constexpr double kMaxCases = 10'000;
constexpr double kMaxRatePps = 1e9;
constexpr const char* kLabel = "label";
constexpr const char* kDefaultTestbed = "veth";

bool allowed_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

// "scenarios/My_Test.json" -> "my-test".
std::string name_from_path(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string().substr(0, kMaxName);
  boost::algorithm::to_lower(name, std::locale::classic());
  std::ranges::replace_if(
      name, [](char c) { return !allowed_in_name(c); }, '-');
  const bool has_letter = name.find_first_not_of('-') != std::string::npos;
  return has_letter ? name : "scenario";
}

template <class T>
std::vector<Choice> choices_of(const std::vector<T>& types) {
  std::vector<Choice> choices;
  for (const T& type : types) choices.push_back({type.name, type.options});
  return choices;
}

// The table's, and what a backend adds.
std::vector<std::string> workload_names(const Registry& registry) {
  std::vector<std::string> names = names_of(registry.workloads);
  for (const BackendType& type : registry.backends)
    for (const std::string& name : type.workloads)
      if (!contains(names, name)) names.push_back(name);
  return names;
}

std::string read_name(Check& check, const Node& node, const std::string& path) {
  if (!node) return name_from_path(path);
  if (!check.expect(node.value->is_string(), node, "a string")) return {};
  const auto& name = node.value->get_ref<const std::string&>();
  const bool valid =
      !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, allowed_in_name);
  if (!valid)
    check.fail(node.at, fmt::format("must be 1 to {} lower-case letters, digits and dashes, not {}",
                                    kMaxName, node.described()));
  return name;
}

std::optional<double> read_rate(Check& check, const Node& node) {
  if (!node.value->is_string()) return check.number(node, {1, kMaxRatePps});
  if (node.value->get_ref<const std::string&>() != "max")
    check.fail(node.at, "expected \"max\" or packets per second, not " + node.described());
  return std::nullopt;
}

// Bytes, or a mix by its name or genome.
FrameSize read_frame_size(Check& check, const Node& node) {
  if (!node.value->is_string())
    return {static_cast<std::uint32_t>(check.integer(node, {kMinFrameSize, kMaxFrameSize}))};
  const auto& mix = node.value->get_ref<const std::string&>();
  const auto sizes = mix_sizes(mix);
  if (sizes.empty()) {
    check.fail(node.at, fmt::format("expected bytes, \"{}\" or a genome of 1 to {} letters a to g "
                                    "(RFC 6985: 64 to 1518 bytes), not {}",
                                    kImix, kMaxGenome, node.described()));
    return {};
  }
  return {*std::ranges::max_element(sizes), mix};
}

// The headers of IPv6 leave no room for a tag in the shortest frames.
void check_ipv6_room(Check& check, const Node& traffic, const CaseGrid& grid) {
  if (check.failed() || !contains(grid.ips, 6u)) return;
  for (const FrameSize& size : grid.frame_sizes) {
    const auto sizes = sizes_of({.frame_size = size.bytes, .mix = size.mix});
    const std::uint32_t least = *std::ranges::min_element(sizes);
    if (least >= kMinIpv6FrameSize) continue;
    check.fail(
        traffic.at / "frame_size",
        fmt::format("an IPv6 test frame has {} bytes at least, {}", kMinIpv6FrameSize,
                    size.mix.empty()
                        ? fmt::format("not {}: set it to {} or more", least, kMinIpv6FrameSize)
                        : fmt::format("and {} has some of {}: use a genome of the letters b to "
                                      "g, such as \"bbbbbbbddddg\"",
                                      size.mix, least)));
    return;
  }
}

void read_traffic(Check& check, const Node& node, const Registry& registry, CaseGrid& grid) {
  static const Json kEmpty = Json::object();
  const Node traffic{node ? node.value : &kEmpty, node.at};
  if (!check.object(traffic, {"generator", "frame_size", "ip", "flows", "rate"})) return;
  const auto integer = [&](double min, double max) {
    return [&check, min, max](const Node& n) {
      return static_cast<std::uint32_t>(check.integer(n, {min, max}));
    };
  };
  const TrafficSpec defaults;
  grid.generator = check.choice(traffic.key("generator"), "generator",
                                choices_of(registry.generators), "xdp-live");
  grid.ips = check.one_or_list<std::uint32_t>(traffic.key("ip"), defaults.ip, [&](const Node& n) {
    const auto ip = static_cast<std::uint32_t>(check.integer(n, {}));
    if (!check.failed() && ip != 4 && ip != 6)
      check.fail(n.at, "must be 4 or 6, not " + n.described());
    return ip;
  });
  // The default is the shortest that there is.
  const std::uint32_t shortest = contains(grid.ips, 6u) ? kMinIpv6FrameSize : defaults.frame_size;
  grid.frame_sizes =
      check.one_or_list<FrameSize>(traffic.key("frame_size"), FrameSize{shortest},
                                   [&](const Node& n) { return read_frame_size(check, n); });
  check_ipv6_room(check, traffic, grid);
  grid.flows =
      check.one_or_list<std::uint32_t>(traffic.key("flows"), defaults.flows, integer(1, kMaxFlows));
  grid.rates = check.one_or_list<std::optional<double>>(
      traffic.key("rate"), std::nullopt, [&](const Node& n) { return read_rate(check, n); });
}

void read_filter(Check& check, const Node& node, const Registry& registry, CaseGrid& grid) {
  const bool wanted = std::ranges::any_of(
      grid.workloads, [&](const std::string& name) { return workload_of(name, registry).filters; });
  if (node && !wanted) check.fail(node.at, "none of the workloads is \"filter\"");
  if (!wanted) return;
  static const Json kEmpty = Json::object();
  const Node filter{node ? node.value : &kEmpty, node.at};
  if (!check.object(filter, {"udp_ports"})) return;
  grid.filter_ports =
      check.one_or_list<std::uint16_t>(filter.key("udp_ports"), kTestUdpPort, [&](const Node& n) {
        return static_cast<std::uint16_t>(check.integer(n, {0, 65535}));
      });
}

std::vector<Chosen> read_backends(Check& check, const Node& node, const Registry& registry) {
  std::vector<Choice> choices;
  for (const BackendType& type : registry.backends)
    choices.push_back({type.name, all_backend_options(type)});
  if (!node) {
    check.fail(node.at, "missing: a list of at least one backend");
    return {};
  }
  if (!check.expect(node.value->is_array(), node, "a list of backends")) return {};
  return check.list<Chosen>(
      node, [&](const Node& n) { return check.choice(n, "backend", choices, std::nullopt); });
}

// One testbed, or a list of them with a label each.
void read_testbeds(Check& check, const Node& node, const Registry& registry, Scenario& scenario) {
  if (!node || !node.value->is_array()) {
    Chosen one = check.choice(node, "testbed", choices_of(registry.testbeds), kDefaultTestbed);
    scenario.testbed = std::move(one.name);
    scenario.testbeds = {{"", std::move(one.options)}};
    return;
  }
  std::vector<Choice> choices = choices_of(registry.testbeds);
  for (Choice& choice : choices)
    choice.options.push_back(text_option(kLabel, "", "tells it from the others"));
  std::set<std::string> labels;
  const auto all = check.list<Chosen>(node, [&](const Node& n) {
    Chosen chosen = check.choice(n, "testbed", choices, kDefaultTestbed);
    if (check.failed()) return chosen;
    const auto& label = option<std::string>(chosen.options, kLabel);
    if (label.empty() || label.size() > kMaxLabel)
      check.fail(n.at / kLabel,
                 fmt::format("each of several testbeds needs a label of 1 to {} bytes", kMaxLabel));
    else if (!labels.insert(label).second)
      check.fail(n.at / kLabel, "the same as an earlier testbed's");
    else if (!scenario.testbed.empty() && scenario.testbed != chosen.name)
      check.fail(n.at / "name", "testbeds of one scenario are of one type, and an earlier one is " +
                                    scenario.testbed);
    scenario.testbed = chosen.name;
    return chosen;
  });
  if (check.failed()) return;
  for (Chosen testbed : all) {
    TestbedChoice one{option<std::string>(testbed.options, kLabel), {}};
    testbed.options.erase(kLabel);
    one.options = std::move(testbed.options);
    scenario.testbeds.push_back(std::move(one));
  }
}

// --backend: keeps those named, in the file's order.
Result<void> keep_backends(std::vector<Chosen>& backends, const std::vector<std::string>& names,
                           const Registry& registry) {
  const std::vector<std::string> all = names_of(backends);
  for (const std::string& name : names) {
    if (contains(all, name)) continue;
    const std::string who = "--backend " + name;
    if (!find_by_name(registry.backends, name))
      return input_error(
          who, "",
          "unknown backend " + in_quotes(name) + suggestion(name, names_of(registry.backends)));
    std::vector<std::string> valid;
    for (const std::string& one : all)
      if (!contains(valid, one)) valid.push_back(one);
    return input_error(who, "", "not in this scenario, which has " + name_list(valid));
  }
  std::erase_if(backends, [&](const Chosen& backend) {
    return !names.empty() && !contains(names, backend.name);
  });
  return {};
}

// "name" first, then the options in the order of their table.
Json resolved_choice(const Chosen& chosen, const std::vector<OptionSpec>& specs) {
  Json out = Json::object();
  out["name"] = chosen.name;
  for (const OptionSpec& spec : specs)
    std::visit([&](const auto& value) { out[spec.name] = value; }, chosen.options.at(spec.name));
  return out;
}

Json resolved_testbeds(const Scenario& scenario, const TestbedType& type) {
  const auto resolved = [&](const TestbedChoice& testbed) {
    Json out = resolved_choice({scenario.testbed, testbed.options}, type.options);
    if (!testbed.label.empty()) out[kLabel] = testbed.label;
    return out;
  };
  if (scenario.testbeds.front().label.empty()) return resolved(scenario.testbeds.front());
  Json list = Json::array();
  for (const TestbedChoice& testbed : scenario.testbeds) list.push_back(resolved(testbed));
  return list;
}

Json resolved_rate(const std::optional<double>& rate) {
  if (!rate) return "max";
  const auto whole = static_cast<std::int64_t>(*rate);
  return static_cast<double>(whole) == *rate ? Json(whole) : Json(*rate);
}

Json resolve(const Scenario& scenario, const CaseGrid& grid, const Chosen& method,
             const Registry& registry) {
  const auto& generator = *find_by_name(registry.generators, grid.generator.name);
  const auto& testbed = *find_by_name(registry.testbeds, scenario.testbed);
  Json out = Json::object();
  out["name"] = scenario.name;
  out["description"] = scenario.description;
  out["testbed"] = resolved_testbeds(scenario, testbed);
  out["queues"] = grid.queues;
  Json& traffic = out["traffic"] = Json::object();
  traffic["generator"] = resolved_choice(grid.generator, generator.options);
  Json& sizes = traffic["frame_size"] = Json::array();
  for (const FrameSize& size : grid.frame_sizes)
    sizes.push_back(size.mix.empty() ? Json(size.bytes) : Json(size.mix));
  traffic["ip"] = grid.ips;
  traffic["flows"] = grid.flows;
  Json& rates = traffic["rate"] = Json::array();
  for (const auto& rate : grid.rates) rates.push_back(resolved_rate(rate));
  Json& backends = out["backends"] = Json::array();
  for (const Chosen& backend : grid.backends)
    backends.push_back(resolved_choice(
        backend, all_backend_options(*find_by_name(registry.backends, backend.name))));
  out["workloads"] = grid.workloads;
  if (!grid.filter_ports.empty()) out["filter"] = {{"udp_ports", grid.filter_ports}};
  out["method"] = resolved_choice(method, scenario.method->options);
  out["restarts"] = scenario.restarts;
  if (static_cast<double>(scenario.cases.size()) < case_count(grid))
    for (const CaseSpec& one : scenario.cases) out["cases"].push_back(one.id);
  return out;
}

// Only these of all combinations.
void read_cases(Check& check, const Node& node, std::vector<CaseSpec>& cases) {
  if (!node) return;
  std::vector<std::string> ids;
  for (const CaseSpec& one : cases) ids.push_back(one.id);
  const auto kept = check.one_or_list<std::string>(
      node, "", [&](const Node& id) { return check.name(id, "case", ids); });
  std::erase_if(cases, [&](const CaseSpec& one) { return !contains(kept, one.id); });
}

void read_restarts(Check& check, const Node& node, Scenario& scenario) {
  if (!node) return;
  scenario.restarts = static_cast<int>(check.integer(node, {1, 1000}));
  const int rounds = scenario.method->make(scenario.method_options)->rounds();
  if (!check.failed() && scenario.restarts > rounds)
    check.fail(node.at,
               fmt::format("each of {} blocks needs a round of its own, and the method has "
                           "{}: ask for more trials",
                           scenario.restarts, rounds));
}

// They go one by one, whatever the generator would do by its options.
void stamp_frames(const Options& options, std::vector<CaseSpec>& cases) {
  const auto said = std::ranges::find(kStampNames, option<std::string>(options, method::kStamp));
  for (CaseSpec& one : cases) {
    one.stamped = true;
    one.stamp = static_cast<Stamp>(said - kStampNames.begin());
    for (const char* together : {"batch", "burst"})
      if (one.generator_options.contains(together))
        one.generator_options[together] = std::int64_t{1};
  }
}

std::string too_many_cases(const CaseGrid& grid) {
  return fmt::format(
      "{} rates x {} frame sizes x {} IP versions x {} queue counts x {} flow counts x {} "
      "workloads x {} backends x "
      "{} testbeds make "
      "{} cases; at most {} are allowed",
      grid.rates.size(), grid.frame_sizes.size(), grid.ips.size(), grid.queues.size(),
      grid.flows.size(), grid.workloads.size(), grid.backends.size(), grid.testbed_labels.size(),
      case_count(grid), kMaxCases);
}

}  // namespace

Result<Scenario> load_scenario(const std::string& path, const Registry& registry,
                               const ScenarioOverrides& overrides) {
  Result<Json> document = read_json_file(path);
  if (!document) return document.error();
  return read_scenario(std::move(*document), path, registry, overrides);
}

Result<Scenario> read_scenario(Json document, const std::string& where, const Registry& registry,
                               const ScenarioOverrides& overrides) {
  const Node root{&document, Pointer()};
  if (!document.is_object())
    return input_error(where, "", "expected an object, not " + root.described());
  Origins origins(where);
  if (Result<void> done = apply_overrides(document, overrides, origins); !done) return done.error();

  Check check(origins);
  check.object(root, {"name", "description", "testbed", "queues", "traffic", "backends",
                      "workloads", "filter", "method", "restarts", "cases"});
  if (check.failed()) return *check.error();

  Scenario scenario;
  CaseGrid grid;
  scenario.name = read_name(check, root.key("name"), where);
  if (const Node node = root.key("description"))
    scenario.description = check.text(node, kMaxDescription);
  read_testbeds(check, root.key("testbed"), registry, scenario);
  grid.queues = check.one_or_list<unsigned>(root.key("queues"), 1, [&](const Node& node) {
    return static_cast<unsigned>(check.integer(node, {1, 64}));
  });
  read_traffic(check, root.key("traffic"), registry, grid);
  grid.backends = read_backends(check, root.key("backends"), registry);
  const std::vector<std::string> workloads = workload_names(registry);
  grid.workloads = check.one_or_list<std::string>(
      root.key("workloads"), workloads.front(),
      [&](const Node& node) { return check.name(node, "workload", workloads); });
  grid.testbed_labels.clear();
  for (const TestbedChoice& testbed : scenario.testbeds)
    grid.testbed_labels.push_back(testbed.label);
  if (!check.failed()) read_filter(check, root.key("filter"), registry, grid);
  Chosen method = check.choice(root.key("method"), "method", choices_of(registry.methods),
                               registry.methods.front().name);
  if (check.failed()) return *check.error();

  if (Result<void> done = keep_backends(grid.backends, overrides.backends, registry); !done)
    return done.error();
  if (case_count(grid) > kMaxCases) return input_error(where, "", too_many_cases(grid));

  scenario.method = find_by_name(registry.methods, method.name);
  OptionValue& seed = method.options.at("seed");
  if (std::get<std::int64_t>(seed) == 0) seed = static_cast<std::int64_t>(overrides.drawn_seed);
  scenario.order_seed = static_cast<std::uint64_t>(std::get<std::int64_t>(seed));
  scenario.method_options = method.options;
  scenario.cases = expand(grid, registry);
  read_cases(check, root.key("cases"), scenario.cases);
  read_restarts(check, root.key("restarts"), scenario);
  if (check.failed()) return *check.error();
  if (scenario.method->stamps) stamp_frames(method.options, scenario.cases);
  const auto [least, most] = std::ranges::minmax(grid.queues);
  scenario.queues = {least, most};
  if (const std::string why = scenario.method->refuses(method.options, scenario.cases.size());
      !why.empty())
    return input_error(where, "/method", why);
  scenario.resolved = resolve(scenario, grid, method, registry);
  return scenario;
}

}  // namespace pktbench
