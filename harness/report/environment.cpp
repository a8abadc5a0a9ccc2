#include "harness/report/environment.hpp"

#include "harness/report/cpu_info.hpp"
#include "harness/report/kernel_info.hpp"
#include "harness/report/nic_info.hpp"
#include "harness/report/versions.hpp"

namespace pktbench {

Json capture_environment(const std::vector<EnvironmentPort>& ports,
                         const EnvironmentSources& sources) {
  Json missing = Json::object();
  Json made = Json::object();
  made["cpu"] = cpu_info(sources, missing);
  made["kernel"] = kernel_info(sources, missing);
  made["memory"] = memory_info(sources, missing);
  made["nics"] = Json::array();
  for (const EnvironmentPort& port : ports)
    made["nics"].push_back(
        nic_info(port, sources, "nics." + std::to_string(made["nics"].size()), missing));
  made["bpf"] = bpf_info(sources, missing);
  made["versions"] = version_info(missing);
  made["load"] = load_info(sources, missing);
  made["missing"] = std::move(missing);
  return made;
}

}  // namespace pktbench
