// The frames of a traffic configuration, of whichever sizes and IP version.
//
// Threads: a value. Lengths are in bytes without the FCS. Errors: as of build_frame().
#pragma once

#include <cstdint>
#include <vector>

#include "bpf/frame_mix.h"
#include "harness/traffic/frame.hpp"

namespace pktbench::traffic {

class FrameSet {
 public:
  static Result<FrameSet> build(const TrafficConfig& config);

  // Of the largest size, flow 0 and sequence number 0; a part of it is any other frame.
  const std::vector<std::uint8_t>& largest() const { return largest_; }

  // By place in the sequence of sizes, which a frame has by pb_mix_at().
  const std::vector<pb_frame_template>& places() const { return places_; }
  std::uint32_t turn() const { return turn_; }
  bool ipv6() const { return ipv6_; }
  std::uint32_t tag_offset() const { return ipv6_ ? PB6_OFF_TAG : PB_OFF_TAG; }

  std::uint32_t length(std::uint64_t seq) const {
    return places_.size() == 1 ? places_[0].length : place(seq).length;
  }

  // Makes `frame`, a copy of the largest, the one with this flow, sequence number and stamp, and
  // returns its length. Costs what pb_frame_stamp() does; of a mix two divisions and two stores
  // more.
  std::uint32_t stamp(std::uint8_t* frame, std::uint32_t flow, std::uint64_t seq,
                      std::uint64_t due_ns = 0) const {
    const bool one = places_.size() == 1;
    const pb_frame_template& t = one ? places_[0] : place(seq);
    if (!one) pb_frame_resize(frame, t.length, ipv6_ ? 1 : 0);
    ipv6_ ? pb_frame6_stamp_due(frame, &t, flow, seq, due_ns)
          : pb_frame_stamp_due(frame, &t, flow, seq, due_ns);
    return t.length;
  }

  // Of the first `frames` sequence numbers.
  std::uint64_t bytes_of(std::uint64_t frames) const;

 private:
  const pb_frame_template& place(std::uint64_t seq) const {
    return places_[pb_mix_at(seq, static_cast<std::uint32_t>(places_.size()), turn_)];
  }

  std::vector<std::uint8_t> largest_;
  std::vector<pb_frame_template> places_;
  std::uint32_t turn_ = 0;
  bool ipv6_ = false;
};

}  // namespace pktbench::traffic
