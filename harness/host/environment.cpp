#include "harness/host/environment.hpp"

#include <fmt/format.h>

#include <string_view>

#include "harness/host/host_info.hpp"
#include "harness/host/nic_info.hpp"
#include "harness/host/versions.hpp"
#include "harness/sys/file.hpp"

namespace pktbench {

std::string emulator(const HostSources& sources) {
  constexpr std::string_view kKey = "pktbench.lab=";
  const auto command_line = sys::read_file(sources.procfs + "/cmdline");
  for (const std::string& word : sys::words_of(command_line ? *command_line : ""))
    if (word.starts_with(kKey)) return "QEMU (" + word.substr(kKey.size()) + ")";
  return "";
}

Json capture_environment(const std::vector<EnvironmentPort>& ports, const HostSources& sources) {
  const HostFacts facts = gather_host_facts(sources);
  Json missing = Json::object();
  Json made = Json::object();
  if (const std::string made_by = emulator(sources); !made_by.empty()) made["emulator"] = made_by;
  made["cpu"] = cpu_info(facts, sources, missing);
  made["kernel"] = kernel_info(facts, sources, missing);
  made["memory"] = memory_info(facts, missing);
  made["nics"] = Json::array();
  for (const EnvironmentPort& port : ports)
    made["nics"].push_back(
        nic_info(port, sources, fmt::format("nics.{}", made["nics"].size()), missing));
  made["bpf"] = bpf_info(facts, sources, missing);
  made["versions"] = version_info(missing);
  made["load"] = load_info(sources, missing);
  made["missing"] = std::move(missing);
  return made;
}

}  // namespace pktbench
