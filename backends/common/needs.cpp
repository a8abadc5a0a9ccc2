#include "backends/common/needs.hpp"

#include "harness/sys/cpu.hpp"

namespace pktbench::backends {

Unavailable without_root() {
  const auto missing = sys::missing_capabilities();
  return missing.empty() ? "" : "needs " + missing.front() + " (run as root)";
}

Unavailable without_programs(bpf_prog_type type, const char* what) {
  if (auto why = without_root(); !why.empty()) return why;
  if (libbpf_probe_bpf_prog_type(type, nullptr) == 1) return "";
  return fmt::format("this kernel has no {} (CONFIG_BPF_SYSCALL)", what);
}

Result<void> needs_cpu(const Port& port) {
  if (!port.cpus.empty()) return {};
  return make_error(ErrorCode::invalid_input, "port {} has no CPU to receive on", port.name);
}

Result<void> needs_queues(const Port& port, std::uint32_t most, const char* who) {
  if (port.queues >= 1 && port.queues <= most) return {};
  return make_error(ErrorCode::unsupported, "{} takes up to {} queues; {} has {}", who, most,
                    port.name, port.queues);
}

}  // namespace pktbench::backends
