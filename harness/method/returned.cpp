#include "harness/method/returned.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pktbench::method {

std::uint64_t count_of(const std::map<std::string, std::uint64_t>& counts,
                       const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

std::uint64_t sent_back(const Counters& received) {
  const std::uint64_t reflected = count_of(received.details, "reflected");
  return reflected - std::min(reflected, count_of(received.details, "not_sent"));
}

ReturnRecord returned_between(const Returned& before, const Returned& after,
                              std::uint64_t sent_back) {
  ReturnRecord r;
  r.sent_back = sent_back;
  r.packets = after.packets - before.packets;
  r.strays = after.strays - before.strays;
  for (const auto& [place, n] : after.drops) r.drops[place] = n - count_of(before.drops, place);
  r.unaccounted = static_cast<std::int64_t>(r.sent_back - (after.accounted() - before.accounted()));
  return r;
}

std::string fault_of(const ReturnRecord& r, std::uint64_t tolerance) {
  const auto limit = static_cast<std::int64_t>(tolerance);
  if (r.strays > tolerance)
    return fmt::format("{} frames came back with another trial's tag or another device's address",
                       r.strays);
  if (r.unaccounted > limit)
    return fmt::format("{} of {} frames sent back are unaccounted for", r.unaccounted, r.sent_back);
  if (r.unaccounted < -limit)
    return fmt::format("{} frames more came back than were sent back", -r.unaccounted);
  return "";
}

}  // namespace pktbench::method
