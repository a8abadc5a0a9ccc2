// What an earlier search found of each case, as the option `guess` of the method `search` has it.
//
// Threads: none. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/core/case_result.hpp"
#include "harness/core/options.hpp"
#include "harness/core/result.hpp"

namespace pktbench::method {

using FirstGuesses = std::map<std::string, FirstGuess>;  // by the case's id

// "xdp-native/drop/64B/1q/1f = 10200000 +- 51000 of 14000000; ..." in packets/s: where it begins to
// lose frames, how far that varies, and the greatest load. Errors: `invalid_input`.
Result<FirstGuesses> parse_guesses(const std::string& text);
std::string guesses_text(const FirstGuesses& guesses);

// What the first search among the case's trials came to; none: it did not see where frames are
// lost. `options`: of the search that is to begin with it.
std::optional<FirstGuess> first_guess(const Options& options, const CaseResult& earlier);

}  // namespace pktbench::method
