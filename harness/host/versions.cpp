#include "harness/host/versions.hpp"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/version.h>

#include "harness/core/version.hpp"

namespace pktbench {

Json version_info(Json& missing) {
  Section section("versions", missing);
  section.set("libbpf", Json(libbpf_version_string()));
  section.text("libxdp", PKTBENCH_LIBXDP_VERSION, "pkg-config found no libxdp at build time");
  section.text("dpdk", PKTBENCH_DPDK_VERSION, "pkg-config found no libdpdk at build time");
  section.text("clang", build_info().bpf_clang, "the build recorded no clang");
  section.text("compiler", build_info().compiler, "the build recorded no compiler");
  section.set("kernel_headers",
              Json(fmt::format("{}.{}.{}", LINUX_VERSION_CODE >> 16,
                               (LINUX_VERSION_CODE >> 8) & 0xff, LINUX_VERSION_CODE & 0xff)));
  return section.take();
}

}  // namespace pktbench
