#include "harness/testbed/doctor.hpp"

namespace pktbench {

Result<std::vector<Applied>> apply_settings(const std::vector<Finding>& findings,
                                            undo::Journal& journal) {
  std::vector<Applied> done;
  for (const Finding& finding : findings)
    for (const auto& [device, name, value] : finding.settings) {
      auto applied =
          undo::apply(device.empty() ? undo::kernel_file(name) : undo::device_setting(device, name),
                      value, &journal);
      if (!applied) return applied.error();
      if (applied->before != value) done.push_back(std::move(*applied));
    }
  return done;
}

}  // namespace pktbench
