// Looking for something where it may be missing.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace pktbench {

// The value of a key; null where the map has no such key.
template <class Map>
auto* find_in(Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

// The first whose `member` is `value`; null where there is none.
template <class Range, class T, class Member = std::identity>
auto* find_by(Range& range, const T& value, Member member = {}) {
  const auto found = std::ranges::find(range, value, member);
  return found == range.end() ? nullptr : &*found;
}

template <class Range, class T, class Member = std::identity>
bool contains(const Range& range, const T& value, Member member = {}) {
  return find_by(range, value, member) != nullptr;
}

// Those of backends, testbeds and so on, in their order.
template <class T>
std::vector<std::string> names_of(const std::vector<T>& types) {
  std::vector<std::string> names;
  for (const T& type : types) names.push_back(type.name);
  return names;
}

}  // namespace pktbench
