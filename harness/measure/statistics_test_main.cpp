// Our statistics of samples given as JSON on stdin, for statistics_test.py to hold against SciPy:
// a list of {"a": [...], "b": [...]} in, a list of objects out.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "harness/measure/paired_ratio.hpp"
#include "harness/measure/ranks.hpp"
#include "harness/measure/summary.hpp"

namespace {

using nlohmann::json;
using namespace pktbench;

json test_json(const RankTest& t) {
  return {{"statistic", t.statistic}, {"p", t.p}, {"exact", t.exact}};
}

json answer(const json& question) {
  const auto a = question.at("a").get<std::vector<double>>();
  const auto b = question.at("b").get<std::vector<double>>();
  json made = {{"mann_whitney", test_json(mann_whitney(a, b))}};
  if (a.size() == b.size()) {
    std::vector<double> differences;
    for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
    made["signed_rank"] = test_json(signed_rank(differences));
    if (const auto ratio = paired_ratio(a, b))
      made["paired_ratio"] = {{"ratio", ratio->ratio},
                              {"lo", ratio->lo},
                              {"hi", ratio->hi},
                              {"confidence", ratio->confidence}};
  }
  if (question.contains("p"))
    made["benjamini_hochberg"] = benjamini_hochberg(question["p"].get<std::vector<double>>());
  return made;
}

}  // namespace

int main() {
  json answers = json::array();
  for (const json& question : json::parse(std::cin)) answers.push_back(answer(question));
  std::cout << answers << '\n';
}
