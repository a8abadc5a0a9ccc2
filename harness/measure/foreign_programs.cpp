#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "harness/measure/disturbance.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl_dump.hpp"

namespace pktbench::measure {

namespace {

// One that is not ours is a value "PORT.MODE", which is its id; of two in one mode the later.
class ForeignPrograms final : public DisturbanceSource {
 public:
  explicit ForeignPrograms(std::vector<Port> ports) : ports_(std::move(ports)) {}
  std::string name() const override { return "programs"; }

  void watch(const TrialParts& parts) override {
    own_ = parts.programs;
    watches_.clear();
    for (const Port& port : ports_) {
      const auto inside = sys::NetnsScope::enter(port.netns_path);
      if (!inside) continue;
      if (auto watch = sys::DeviceWatch::open()) watches_.emplace_back(port, std::move(*watch));
    }
  }

  DisturbanceReading read() override {
    DisturbanceReading reading;
    for (auto& [port, watch] : watches_)
      for (const sys::Device& device : watch.announced()) note(port, device, reading);
    for (const Port& port : ports_) {
      const auto inside = sys::NetnsScope::enter(port.netns_path);
      if (!inside) return {{}, inside.error().message};
      const auto devices = sys::list_devices();
      if (!devices) return {{}, devices.error().message};
      for (const sys::Device& device : *devices) note(port, device, reading);
    }
    return reading;
  }

  DisturbanceFinding judge(const DisturbanceReading& before, const DisturbanceReading& after,
                           const DisturbanceLimits&) const override {
    DisturbanceFinding finding{after.values, {}};
    finding.evidence.insert(before.values.begin(), before.values.end());
    for (const auto& [place, id] : finding.evidence) {
      const auto dot = place.rfind('.');
      finding.reasons.push_back(fmt::format("foreign XDP program id {} ({}) on {}",
                                            static_cast<std::uint32_t>(id), place.substr(dot + 1),
                                            place.substr(0, dot)));
    }
    return finding;
  }

 private:
  void note(const Port& port, const sys::Device& device, DisturbanceReading& reading) const {
    if (device.name != port.name) return;
    for (const sys::XdpAttachment& xdp : device.xdp)
      if (std::find(own_.begin(), own_.end(), xdp.program_id) == own_.end())
        reading.values[port.name + "." + (xdp.mode == "driver" ? "native" : xdp.mode)] =
            xdp.program_id;
  }

  std::vector<Port> ports_;
  std::vector<std::uint32_t> own_;
  std::vector<std::pair<Port, sys::DeviceWatch>> watches_;
};

}  // namespace

std::unique_ptr<DisturbanceSource> foreign_programs_source(const std::vector<Port>& ports) {
  return std::make_unique<ForeignPrograms>(ports);
}

}  // namespace pktbench::measure
