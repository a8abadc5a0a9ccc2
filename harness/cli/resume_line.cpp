#include "harness/cli/resume_line.hpp"

namespace pktbench::cli {

namespace {

// As one word of a shell.
std::string quoted(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string made = "'";
  for (const char c : word) made += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return made + "'";
}

}  // namespace

std::string resume_line(const RunArguments& arguments, const std::string& dir) {
  std::string line;
  for (std::size_t i = 0; i < arguments.argv.size(); ++i) {
    const std::string& word = arguments.argv[i];
    if (word == "--out" || word == "--resume")
      ++i;  // and its value
    else if (!word.starts_with("--out=") && !word.starts_with("--resume="))
      line += quoted(word) + " ";
  }
  return line + "--resume " + quoted(dir);
}

}  // namespace pktbench::cli
