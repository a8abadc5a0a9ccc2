#include "harness/runner/scenario_cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <variant>

#include "harness/core/frame_mix.hpp"
#include "harness/core/lookup.hpp"
#include "harness/text/input_error.hpp"

namespace pktbench {
namespace {

std::string percent_encoded(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:+,@";
  std::string out;
  for (const char c : text)
    out += contains(kPlain, c) ? std::string(1, c)
                               : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

bool reads_tag(const std::string& backend, const Registry& registry) {
  const BackendType* type = find_by_name(registry.backends, backend);
  return type && type->reads_tag;
}

// What tells `backend` from its namesakes in the grid; empty where it has none.
std::string option_suffix(const Chosen& backend, const CaseGrid& grid, const Registry& registry) {
  const auto namesakes = std::ranges::count(grid.backends, backend.name, &Chosen::name);
  const BackendType* type = find_by_name(registry.backends, backend.name);
  if (namesakes < 2 || type == nullptr) return {};
  std::string suffix;
  for (const OptionSpec& spec : all_backend_options(*type)) {
    const OptionValue& value = backend.options.at(spec.name);
    if (value == spec.default_value) continue;
    const std::string text = std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
    suffix += "/" + spec.name + "=" + percent_encoded(text);
  }
  return suffix;
}

std::string case_id(const CaseSpec& spec) {
  std::string id = fmt::format("{}/{}/{}/{}q/{}f", spec.backend, spec.workload,
                               size_text(spec.traffic), spec.queues, spec.traffic.flows);
  if (spec.traffic.ip == 6) id += "/ipv6";
  if (spec.rate_pps) id += fmt::format("/{}pps", *spec.rate_pps);
  if (!spec.testbed_label.empty()) id += "/testbed=" + percent_encoded(spec.testbed_label);
  return id;
}

}  // namespace

const std::vector<OptionSpec>& common_backend_options() {
  static const std::vector<OptionSpec> kOptions = {
      text_option("label", "", "tells apart what is otherwise the same"),
      choice_option("telemetry", {"full", "none"}, "none: no CPU accounting, and so no cycles")};
  return kOptions;
}

std::vector<OptionSpec> all_backend_options(const BackendType& type) {
  std::vector<OptionSpec> all = type.options;
  const std::vector<OptionSpec>& common = common_backend_options();
  all.insert(all.end(), common.begin(), common.end());
  return all;
}

WorkloadType workload_of(const std::string& name, const Registry& registry) {
  const WorkloadType* type = find_by_name(registry.workloads, name);
  return type ? *type : WorkloadType{name, ""};
}

double case_count(const CaseGrid& grid) {
  double count = 1;
  for (const std::size_t n :
       {grid.rates.size(), grid.frame_sizes.size(), grid.ips.size(), grid.queues.size(),
        grid.flows.size(), grid.workloads.size(), grid.backends.size(), grid.testbed_labels.size()})
    count *= static_cast<double>(n);
  return count;
}

std::vector<CaseSpec> expand(const CaseGrid& grid, const Registry& registry) {
  std::vector<std::string> suffixes;
  for (const Chosen& backend : grid.backends)
    suffixes.push_back(option_suffix(backend, grid, registry));

  std::vector<CaseSpec> cases;
  CaseSpec spec;
  spec.generator = grid.generator.name;
  spec.generator_options = grid.generator.options;
  const auto add_backends = [&] {
    for (std::size_t i = 0; i < grid.backends.size(); ++i) {
      spec.backend = grid.backends[i].name;
      spec.reads_tag = reads_tag(spec.backend, registry);
      spec.backend_options = grid.backends[i].options;
      spec.label = option<std::string>(spec.backend_options, "label");
      spec.telemetry = option<std::string>(spec.backend_options, "telemetry") == "full";
      for (const OptionSpec& common : common_backend_options())
        spec.backend_options.erase(common.name);
      for (spec.testbed = 0; spec.testbed < grid.testbed_labels.size(); ++spec.testbed) {
        spec.testbed_label = grid.testbed_labels[spec.testbed];
        spec.id = case_id(spec) + suffixes[i];
        cases.push_back(spec);
      }
    }
  };
  const auto add_workloads = [&] {
    for (const std::string& workload : grid.workloads) {
      const WorkloadType type = workload_of(workload, registry);
      spec.workload = workload;
      spec.sends_back = type.sends_back;
      spec.forwards = type.forwards;
      spec.filter_ports = type.filters ? grid.filter_ports : decltype(grid.filter_ports){};
      add_backends();
    }
  };
  for (const auto& rate : grid.rates) {
    spec.rate_pps = rate;
    for (const FrameSize& frame_size : grid.frame_sizes) {
      spec.traffic.frame_size = frame_size.bytes;
      spec.traffic.mix = frame_size.mix;
      for (const std::uint32_t ip : grid.ips) {
        spec.traffic.ip = ip;
        for (const unsigned queues : grid.queues) {
          spec.queues = queues;
          for (const std::uint32_t flows : grid.flows) {
            spec.traffic.flows = flows;
            add_workloads();
          }
        }
      }
    }
  }
  return cases;
}

}  // namespace pktbench
