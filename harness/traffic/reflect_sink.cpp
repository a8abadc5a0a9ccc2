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
#include "harness/sys/xdp_hook.hpp"

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
  const int program = bpf_program__fd(skeleton_->progs.sink);
  const auto info = sys::program_info(program);
  if (!info) return info.error();
  program_id_ = info->id;
  auto attached = sys::attach_xdp(generator, program, XDP_FLAGS_DRV_MODE, "");
  // What it costs the generator's end is charged to nobody's packets.
  if (!attached && attached.error().code == ErrorCode::unsupported)
    attached = sys::attach_xdp(generator, program, XDP_FLAGS_SKB_MODE,
                               "the frames that come back are counted by it");
  return std::move(attached).into(link_);
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
