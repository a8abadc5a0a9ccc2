#include "harness/traffic/frame_set.hpp"

#include <numeric>

#include "harness/core/frame_mix.hpp"

namespace pktbench::traffic {

static_assert(PB_MAX_MIX == kMaxGenome);

Result<FrameSet> FrameSet::build(const TrafficConfig& config) {
  FrameSet made;
  made.ipv6_ = config.traffic.ip == 6;
  const auto sizes = sizes_of(config.traffic);
  if (sizes.empty())
    return make_error(ErrorCode::invalid_input, "\"{}\" is no mix of frame sizes",
                      config.traffic.mix);
  for (const std::uint32_t size : sizes) {
    TrafficConfig one = config;
    one.traffic.frame_size = size;
    auto frame = build_frame(one);
    if (!frame) return frame.error();
    made.places_.push_back(frame->sums);
    if (frame->bytes.size() > made.largest_.size()) made.largest_ = std::move(frame->bytes);
  }
  const auto period = static_cast<std::uint32_t>(sizes.size());
  if (std::gcd(config.traffic.flows, period) > 1)
    made.turn_ = std::lcm(config.traffic.flows, period);
  return made;
}

std::uint64_t FrameSet::bytes_of(std::uint64_t frames) const {
  const std::uint64_t period = places_.size();
  if (period == 1) return frames * places_[0].length;
  std::uint64_t cycle = 0;
  for (const pb_frame_template& t : places_) cycle += t.length;
  // A turn has whole cycles, so that all before the last one have the mean size.
  const std::uint64_t first = turn_ == 0 ? 0 : frames / turn_ * turn_;
  std::uint64_t bytes = (frames - (frames - first) % period) / period * cycle;
  for (std::uint64_t seq = frames - (frames - first) % period; seq < frames; ++seq)
    bytes += length(seq);
  return bytes;
}

}  // namespace pktbench::traffic
