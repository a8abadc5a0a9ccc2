// Our histogram of samples given as JSON on stdin, for histogram_test.py to hold against Java's: a
// list of {"values": [ns, ...], "percents": [...]} in, a list of objects out.
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/measure/histogram.hpp"

namespace {

using nlohmann::json;

json answer(const json& question) {
  pktbench::measure::Histogram histogram;
  for (const auto value : question.at("values").get<std::vector<std::uint64_t>>())
    histogram.record(value);
  json found = json::array();
  for (const auto percent : question.at("percents").get<std::vector<double>>())
    found.push_back(histogram.at_percentile(percent));
  return {{"encoded", histogram.encoded()},
          {"count", histogram.count()},
          {"max", histogram.max()},
          {"found", found}};
}

}  // namespace

int main() {
  json answers = json::array();
  for (const json& question : json::parse(std::cin)) answers.push_back(answer(question));
  std::cout << answers << '\n';
}
