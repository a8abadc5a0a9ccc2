// What a run was made on and with, in a few texts: runs whose fingerprints are equal differ in
// nothing that is known to change a measurement, and so may be one another's baseline. It is made
// of run.json's own keys.
//
// Threads: none. Errors: none; what is not known is an empty text, and null in run.json.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/core/field.hpp"

namespace pktbench {

struct Fingerprint {
  std::string host;
  std::string cpu;
  std::string microcode;
  std::string kernel;
  std::string nic;
  std::string driver;
  std::string firmware;
  std::string settings;  // "NAME=VALUE; ...", sorted, so that it can be said which one differs
  std::string scenario;
  std::string testbed;
  bool is_virtual = true;  // the figures say nothing about hardware

  bool operator==(const Fingerprint&) const = default;
};

const Fields<Fingerprint>& fingerprint_fields();

// `run`: in the form of run.json, with cases[].comparable.
Fingerprint fingerprint_of(const nlohmann::ordered_json& run, bool is_virtual);

// Keys whose values are not the same, in the order of the table; with `varied` left out.
std::vector<std::string> different_fields(const Fingerprint& one, const Fingerprint& other,
                                          const std::vector<std::string>& varied = {});

// Every key of it, as run.json and --varies have them.
std::vector<std::string> fingerprint_keys();

// A value by its key; "none" where it is not known. REQUIRES: one of fingerprint_keys().
std::string fingerprint_value(const Fingerprint& of, const std::string& key);

}  // namespace pktbench
