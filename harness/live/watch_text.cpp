#include "harness/live/watch_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "bpf/counters.h"
#include "harness/text/text_table.hpp"

namespace pktbench {

namespace {

struct Rate {
  double packets = 0;  // a second
  double mbits = 0;
};

Rate rate_of(const FrameCount& before, const FrameCount& now, double seconds) {
  if (seconds <= 0) return {};
  return {static_cast<double>(now.packets - before.packets) / seconds,
          static_cast<double>(now.bytes - before.bytes) * 8 / seconds / 1e6};
}

class Rows {
 public:
  explicit Rows(double seconds) : seconds_(seconds) {}

  void add(const std::string& name, const FrameCount& before, const FrameCount& now) {
    const Rate rate = rate_of(before, now, seconds_);
    made_.push_back({{name, std::to_string(now.packets), std::to_string(now.bytes),
                      fmt::format("{:.0f}", rate.packets), fmt::format("{:.1f}", rate.mbits)}});
  }
  template <class Key, class Name>
  void add_each(const std::map<Key, FrameCount>& before, const std::map<Key, FrameCount>& now,
                const Name& name) {
    for (const auto& [key, count] : now) add(name(key), before_of(before, key), count);
  }
  // The busiest since `before` first, of as many the one that has more in all.
  void add_busiest(const std::map<std::string, FrameCount>& before,
                   const std::map<std::string, FrameCount>& now, std::size_t most) {
    struct Busy {
      std::uint64_t fresh;
      std::uint64_t all;
      const std::string* name;
    };
    std::vector<Busy> order;
    for (const auto& [name, count] : now)
      order.push_back({count.packets - before_of(before, name).packets, count.packets, &name});
    std::ranges::stable_sort(order, [](const Busy& a, const Busy& b) {
      return std::pair(a.fresh, a.all) > std::pair(b.fresh, b.all);
    });
    FrameCount others_before;
    FrameCount others;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::string& name = *order[i].name;
      if (i < most) {
        add(name, before_of(before, name), now.at(name));
      } else {
        others += now.at(name);
        others_before += before_of(before, name);
      }
    }
    if (order.size() > most)
      add(fmt::format("{} other addresses", order.size() - most), others_before, others);
  }
  const std::vector<TextRow>& made() const { return made_; }

 private:
  template <class Key>
  static FrameCount before_of(const std::map<Key, FrameCount>& before, const Key& key) {
    const auto found = before.find(key);
    return found == before.end() ? FrameCount() : found->second;
  }

  double seconds_;
  std::vector<TextRow> made_;
};

}  // namespace

std::string watch_line(const WatchCounts& before, const WatchCounts& now) {
  const Rate rate = rate_of(before.all, now.all, now.seconds - before.seconds);
  return fmt::format("{:.1f} s  {} packets  {} bytes  {:.0f} packets/s  {:.1f} Mbit/s\n",
                     now.seconds, now.all.packets, now.all.bytes, rate.packets, rate.mbits);
}

std::string watch_table(const WatchCounts& before, const WatchCounts& now, std::size_t most,
                        const Terminal& terminal) {
  Rows rows(now.seconds - before.seconds);
  rows.add("all", before.all, now.all);
  rows.add_each(before.queues, now.queues, [](std::uint32_t queue) {
    return queue < PB_MAX_QUEUES ? fmt::format("queue {}", queue)
                                 : fmt::format("queues from {}", PB_MAX_QUEUES);
  });
  rows.add_each(before.cpus, now.cpus,
                [](std::uint32_t cpu) { return fmt::format("CPU {}", cpu); });
  if (now.addresses) {
    const AddressCounts none;
    const AddressCounts& was = before.addresses ? *before.addresses : none;
    rows.add_busiest(was.counts, now.addresses->counts, most);
    if (now.addresses->without_address.packets)
      rows.add("no IP", was.without_address, now.addresses->without_address);
    if (now.addresses->no_room.packets) rows.add("table full", was.no_room, now.addresses->no_room);
  }
  const std::vector<TextColumn> columns = {
      {"from"}, {"packets", true}, {"bytes", true, 2}, {"packets/s", true}, {"Mbit/s", true, 1}};
  return text_table(columns, rows.made(), "--json", terminal);
}

}  // namespace pktbench
