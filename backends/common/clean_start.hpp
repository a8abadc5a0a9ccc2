// A backend that starts from nothing, and leaves nothing behind where that fails half way.
#pragma once

#include "harness/core/backend.hpp"

namespace pktbench::backends {

class CleanStart : public Backend {
 public:
  Result<EffectiveMode> start(const BackendConfig& config) final {
    stop();
    auto mode = begin(config);
    if (!mode) stop();
    return mode;
  }

 private:
  // What start() says. REQUIRES: as after stop(), which is called where this fails.
  virtual Result<EffectiveMode> begin(const BackendConfig& config) = 0;
};

}  // namespace pktbench::backends
