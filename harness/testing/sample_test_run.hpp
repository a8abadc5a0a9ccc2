// A made-up run for the tests of this room: no figure in it was measured.
#pragma once

#include "harness/record/run_document.hpp"

namespace pktbench::test {

// An ok trial of 1 s: `offered` frames of 64 B, of which `lost` were dropped at a full ring.
TrialRecord sample_trial(int index, std::uint64_t offered = 5'000'000, std::uint64_t lost = 50'000);

// `backend`/drop/64B/1q/1f with one ok trial per entry of `offered`.
CaseResult sample_case(const std::string& backend, const std::vector<std::uint64_t>& offered);

// A case that never ran.
CaseResult sample_gap(const std::string& backend, CaseStatus status, const std::string& reason);

RunDocument sample_run();

inline const TestbedFacts kVeth = {"veth", "isolated", true};

}  // namespace pktbench::test
