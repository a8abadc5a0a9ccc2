#include "harness/method/search/first_guess.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>
#include <cmath>
#include <vector>

namespace pktbench::method {

namespace {

Error no_guess(const std::string& text) {
  return make_error(ErrorCode::invalid_input,
                    "guess: \"{}\" is none; one is CASE = MEAN +- DEVIATION of GREATEST, in "
                    "packets/s",
                    text);
}

std::optional<double> rate_in(std::string text) {
  boost::algorithm::trim(text);
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// Cuts what follows the last `word` off, and returns it.
std::optional<std::string> behind(std::string& text, const std::string& word) {
  const auto at = text.rfind(word);
  if (at == std::string::npos) return std::nullopt;
  std::string found = text.substr(at + word.size());
  text.resize(at);
  return found;
}

}  // namespace

Result<FirstGuesses> parse_guesses(const std::string& text) {
  FirstGuesses made;
  std::vector<std::string> parts;
  boost::algorithm::split(parts, text, boost::algorithm::is_any_of(";"));
  for (std::string& part : parts) {
    boost::algorithm::trim(part);
    if (part.empty()) continue;
    std::string id = part;
    std::array<double, 3> rates{};  // of the last one first
    std::size_t found = 0;
    for (const char* word : {" of ", " +- ", " = "})
      if (const auto number = behind(id, word))
        if (const auto value = rate_in(*number)) rates[found++] = *value;
    boost::algorithm::trim(id);
    const auto [greatest, deviation, mean] = rates;
    if (found != rates.size() || id.empty() || id.find(" +- ") != std::string::npos ||
        !(mean > 0 && deviation >= 0 && greatest > 0))
      return no_guess(part);
    made[id] = {mean, deviation, greatest};
  }
  return made;
}

std::string guesses_text(const FirstGuesses& guesses) {
  std::string made;
  for (const auto& [id, guess] : guesses)
    made += fmt::format("{}{} = {:.0f} +- {:.0f} of {:.0f}", made.empty() ? "" : "; ", id,
                        guess.mean_pps, guess.deviation_pps, guess.max_pps);
  return made;
}

}  // namespace pktbench::method
