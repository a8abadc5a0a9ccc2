#include "backends/common/snmp.hpp"

#include <charconv>
#include <sstream>
#include <system_error>

namespace pktbench::backends {

SnmpCounters parse_snmp(const std::string& text) {
  SnmpCounters counters;
  std::istringstream lines(text);
  std::string names;
  std::string values;
  while (std::getline(lines, names) && std::getline(lines, values)) {
    std::istringstream name_words(names);
    std::istringstream value_words(values);
    std::string group;
    std::string same;
    name_words >> group;
    value_words >> same;
    if (group != same || !group.ends_with(':')) continue;
    group.back() = '.';
    for (std::string name, word; name_words >> name && value_words >> word;) {
      std::uint64_t value = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
      if (error == std::errc() && end == word.data() + word.size()) counters[group + name] = value;
    }
  }
  return counters;
}

SnmpCounters parse_snmp6(const std::string& text) {
  SnmpCounters counters;
  std::istringstream lines(text);
  std::string name;
  for (std::uint64_t value = 0; lines >> name >> value;)
    for (const std::string group : {"Udp", "Ip"})
      if (name.starts_with(group + "6"))
        counters[group + "." + name.substr(group.size() + 1)] = value;
  return counters;
}

}  // namespace pktbench::backends
