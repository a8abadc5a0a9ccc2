// The method `search`: the highest load that a case takes with no more than a given share of frames
// lost, for several such shares at once (RFC 2544's throughput, NDR, PDR), by Multiple Loss Ratio
// search (RFC 9971). A search is a round, on one open session; several of them show how far its
// result varies.
#pragma once

#include "harness/core/field.hpp"
#include "harness/core/method.hpp"

namespace pktbench::method {

// Its options of what an earlier run found (first_guess.hpp), and which.
inline constexpr const char* kGuess = "guess";
inline constexpr const char* kGuessFrom = "guess_from";

MethodType search_method();

// What a search records of a goal.
const Fields<GoalResult>& goal_fields();
const Fields<LossFloor>& loss_floor_fields();
const Fields<FirstGuess>& first_guess_fields();

}  // namespace pktbench::method
