#include "harness/traffic/reflect_sink.hpp"

#include <arpa/inet.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bpf/counters.h"
#include "bpf/reflect_sink.skel.h"
#include "bpf/stamp.h"
#include "harness/sys/bpf.hpp"
#include "harness/sys/mapped.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/xdp_hook.hpp"

namespace pktbench::traffic {

namespace {

class ReflectSink final : public ReturnSink {
 public:
  Result<void> attach(const Port& generator, std::uint32_t trial_tag, bool stamped) override {
    attached_.link.reset();
    auto inside = sys::NetnsScope::enter(generator.netns_path);
    if (!inside) return inside.error();
    sys::LibbpfLog log;
    skeleton_.reset(reflect_sink__open());
    if (!skeleton_) return log.failure("open the program for frames that come back", errno);
    skeleton_->rodata->trial = htonl(trial_tag);
    std::memcpy(const_cast<__u32*>(&skeleton_->rodata->own_mac_0), generator.mac.data(), 4);
    std::memcpy(const_cast<__u16*>(&skeleton_->rodata->own_mac_4), generator.mac.data() + 4, 2);
    queues_ = stamped ? std::max(1u, generator.queues) : 0;
    skeleton_->rodata->stamped = stamped;
    bpf_map__set_autocreate(skeleton_->maps.stamps, stamped);
    if (stamped) bpf_map__set_max_entries(skeleton_->maps.stamps, queues_);
    if (const int error = reflect_sink__load(skeleton_.get()); error)
      return log.failure("load the program for frames that come back", -error);
    if (stamped)
      if (auto r = sys::map_shared<const pb_stamps[]>(bpf_map__fd(skeleton_->maps.stamps), queues_,
                                                      PROT_READ, "map the delays of frames back")
                       .into(stamps_);
          !r)
        return r;
    const int program = bpf_program__fd(skeleton_->progs.sink);
    auto attached = sys::attach_xdp(generator, program, XDP_FLAGS_DRV_MODE, "");
    // What it costs the generator's end is charged to nobody's packets.
    if (!attached && attached.error().code == ErrorCode::unsupported)
      attached = sys::attach_xdp(generator, program, XDP_FLAGS_SKB_MODE,
                                 "the frames that come back are counted by it");
    return std::move(attached).into(attached_);
  }

  Result<Returned> sample() override {
    if (!attached_.link)
      return make_error(ErrorCode::failed, "nothing counts the frames that come back");
    const auto sum =
        sys::sum_over_cpus<pb_sink_counters>(bpf_map__fd(skeleton_->maps.sink_counters), 0,
                                             "read the counters of frames that came back");
    if (!sum) return sum.error();
    return Returned{.packets = sum->packets, .strays = sum->strays, .drops = {}};
  }

  Result<std::vector<DelayCounts>> delays() override {
    std::vector<DelayCounts> made;
    for (unsigned queue = 0; queue < queues_; ++queue) made.push_back(stamp_counts(stamps_[queue]));
    return made;
  }

  std::uint32_t program() const override { return attached_.program.id; }

 private:
  sys::SkeletonPtr<reflect_sink, reflect_sink__destroy> skeleton_;
  sys::Mapped<const pb_stamps[]> stamps_;  // by RX queue; null: frames are not stamped
  unsigned queues_ = 0;                    // of stamps_
  sys::AttachedXdp attached_;
};

}  // namespace

std::unique_ptr<ReturnSink> make_reflect_sink() { return std::make_unique<ReflectSink>(); }

}  // namespace pktbench::traffic
