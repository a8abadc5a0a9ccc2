// Random damage to a valid scenario: whatever comes of it is a scenario or one line.
#include <algorithm>
#include <iterator>
#include <random>

#include "harness/runner/scenario_test_util.hpp"

namespace pktbench {
namespace {

using ScenarioFuzz = ScenarioFiles;

class Mutator {
 public:
  std::string operator()(std::string text) {
    for (std::size_t n = below(3) + 1; n > 0 && !text.empty(); --n) mutate(text);
    return text;
  }

 private:
  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  void mutate(std::string& text) {
    const std::size_t at = below(text.size());
    const std::size_t length = 1 + below(std::min<std::size_t>(40, text.size() - at));
    switch (below(6)) {
      case 0:
        text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1u << below(8)));
        break;
      case 1:
        text[at] = static_cast<char>(below(256));
        break;
      case 2:
        text.resize(at);
        break;
      case 3:
        text.erase(at, length);
        break;
      case 4:
        text.insert(below(text.size()), text.substr(at, length));
        break;
      default:  // digits: what stays JSON and is out of bounds
        text.insert(at, std::to_string(random_()));
    }
  }

  std::mt19937_64 random_{20'261};
};

bool one_line(const std::string& text) {
  return !text.empty() && text.size() < 500 && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

TEST_F(ScenarioFuzz, DamageGivesAScenarioOrOneLine) {
  std::ifstream file(std::string(PKTBENCH_SCENARIOS) + "/quickstart.json");
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  ASSERT_FALSE(whole.empty());
  Mutator mutated;
  int scenarios = 0;
  int errors = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = mutated(whole);
    const auto scenario = load(text);
    if (scenario) {
      ++scenarios;
      EXPECT_FALSE(scenario->cases.empty());
      EXPECT_TRUE(load(scenario->resolved.dump())) << text;
      continue;
    }
    ++errors;
    EXPECT_EQ(scenario.error().code, ErrorCode::invalid_input);
    EXPECT_TRUE(one_line(scenario.error().message)) << scenario.error().message;
    EXPECT_TRUE(scenario.error().message.starts_with(path("test.json") + ": "))
        << scenario.error().message;
  }
  // Both happen, or the damage is of no use.
  EXPECT_GT(scenarios, 20);
  EXPECT_GT(errors, 1000);
}

TEST_F(ScenarioFuzz, DamagedArgumentsGiveAScenarioOrOneLine) {
  const std::string text = R"({"testbed": "veth", "backends": ["xdp-native", "fake"]})";
  const std::vector<std::string> arguments = {"/backends/0/fallback=true", "/traffic/rate=[1,2]",
                                              "/testbed/arrangement=inline", "/method/trials=3"};
  Mutator mutated;
  for (int i = 0; i < 1000; ++i) {
    const std::string argument = mutated(arguments[static_cast<std::size_t>(i) % 4]);
    const auto scenario = load(text, {.set = {argument}});
    const std::string line = scenario ? "none" : scenario.error().message;
    EXPECT_TRUE(one_line(line)) << line;
  }
}

}  // namespace
}  // namespace pktbench
