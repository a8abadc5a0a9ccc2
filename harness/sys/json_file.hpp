// Reading JSON that somebody else wrote. Stricter than the parser it uses: sizes, depth and keys
// have limits, so that no file can hang, crash or fill the process; a duplicate key is an error,
// because whoever wrote it meant one of the two.
//
// A file is read in pieces, and only what is asked for of a document is kept, so that a large one
// takes no more memory than that. All of it is checked.
//
// Threads: none. Errors: ErrorCode::invalid_input, one line as input_error() makes it, with line
// and column (from 1, in characters) for what is not JSON and the JSON pointer for the rest.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/core/result.hpp"

namespace pktbench {

using Json = nlohmann::ordered_json;

struct JsonLimits {
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t depth = 32;      // arrays and objects inside each other
  std::size_t keys = 1000;     // in one object
  const char* too_large = "";  // the remedy, which follows "larger than 1048576 bytes"
};

// What is kept of a document.
struct JsonParts {
  // By key, "#" for each of a list; keys that are not there are left out. Empty: all of it.
  std::map<std::string, JsonParts, std::less<>> below = {};
  // Called with this part as soon as it has ended. It is left out of the document then.
  std::function<void(Json part, const Json::json_pointer& at)> take = {};
};

// `where` names the text in errors.
Result<Json> parse_json(const std::string& text, const std::string& where,
                        const JsonLimits& limits = {}, const JsonParts& parts = {});

// Regular files only: a pipe or a device has no end to rely on.
Result<Json> read_json_file(const std::string& path, const JsonLimits& limits = {},
                            const JsonParts& parts = {});

}  // namespace pktbench
