#include "harness/traffic/reflect_sink.hpp"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "bpf/reflect_sink.h"
#include "bpf/reflect_sink.skel.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::traffic {

namespace {

class ReflectSink final : public ReturnSink {
 public:
  Result<void> attach(const Port& generator, std::uint32_t trial_tag) override;
  Result<Returned> sample() override;
  std::uint32_t program() const override { return program_id_; }

 private:
  sys::SkeletonPtr<reflect_sink, reflect_sink__destroy> skeleton_;
  sys::Fd link_;  // the program is detached when the last reference goes
  std::uint32_t program_id_ = 0;
  std::vector<pb_sink_counters> by_cpu_;
};

Result<void> ReflectSink::attach(const Port& generator, std::uint32_t trial_tag) {
  link_.reset();
  auto cpus = sys::possible_cpus();
  if (!cpus) return cpus.error();
  by_cpu_.resize(static_cast<std::size_t>(*cpus));
  auto inside = sys::NetnsScope::enter(generator.netns_path);
  if (!inside) return inside.error();
  sys::LibbpfLog log;
  skeleton_.reset(reflect_sink__open());
  if (!skeleton_) return log.failure("open the program for frames that come back", errno);
  skeleton_->rodata->trial = htonl(trial_tag);
  std::memcpy(const_cast<__u32*>(&skeleton_->rodata->own_mac_0), generator.mac.data(), 4);
  std::memcpy(const_cast<__u16*>(&skeleton_->rodata->own_mac_4), generator.mac.data() + 4, 2);
  if (const int error = reflect_sink__load(skeleton_.get()); error)
    return log.failure("load the program for frames that come back", -error);
  bpf_prog_info info{};
  __u32 size = sizeof info;
  if (const int error =
          bpf_obj_get_info_by_fd(bpf_program__fd(skeleton_->progs.sink), &info, &size))
    return system_error("read the id of the program for frames that come back", -error);
  program_id_ = info.id;
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
  const int fd = bpf_link_create(bpf_program__fd(skeleton_->progs.sink),
                                 static_cast<int>(generator.ifindex), BPF_XDP, &options);
  if (fd >= 0) {
    link_ = sys::Fd(fd);
    return {};
  }
  Error e = system_error("attach XDP to " + generator.name, -fd);
  if (fd == -EOPNOTSUPP) {
    e.code = ErrorCode::unsupported;
    e.message = "the driver of " + generator.name +
                " has no native XDP, which counts the frames that come back";
  } else if (fd == -EBUSY || fd == -EEXIST) {
    e.code = ErrorCode::refused;
    e.message = generator.name + " has an XDP program of somebody else's; it is not replaced";
  }
  return e;
}

Result<Returned> ReflectSink::sample() {
  if (!link_) return make_error(ErrorCode::failed, "nothing counts the frames that come back");
  const __u32 slot = 0;
  if (const int error =
          bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.sink_counters), &slot, by_cpu_.data());
      error)
    return system_error("read the counters of frames that came back", -error);
  Returned sum;
  for (const pb_sink_counters& c : by_cpu_) {
    sum.packets += c.packets;
    sum.strays += c.strays;
  }
  return sum;
}

}  // namespace

std::unique_ptr<ReturnSink> make_reflect_sink() { return std::make_unique<ReflectSink>(); }

}  // namespace pktbench::traffic
