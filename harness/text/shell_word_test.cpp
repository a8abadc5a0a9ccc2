#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "harness/text/clean_text.hpp"

namespace pktbench {
namespace {

// What sh makes of a line.
std::string said_by_sh(const std::string& line) {
  std::string text;
  FILE* out = popen(line.c_str(), "r");
  if (!out) return "no shell";
  for (std::array<char, 256> chunk{}; std::fgets(chunk.data(), chunk.size(), out);)
    text += chunk.data();
  pclose(out);
  return text;
}

TEST(ShellWord, APlainWordStaysBare) {
  for (const char* word :
       {"results/20261128T120000Z-host-quickstart", "--allow=0000:01:00.0", "a@b"})
    EXPECT_EQ(shell_word(word), word);
}

TEST(ShellWord, EveryWordComesBackAsItWas) {
  for (const std::string word : {"",         " ",     "a b",  "it's",         "'",
                                 "\"",       "$HOME", "`id`", "a;id",         "*",
                                 "~",        "#x",    "a\\b", "ü ö",          "-n",
                                 "%d 'x'",   "a\tb",  "a\nb", "\033[2J%s'\\", "\302\233x",
                                 "\377\001", "!x",    "{a,b}"})
    EXPECT_EQ(said_by_sh("printf '<%s>' " + shell_word(word)), "<" + word + ">");
}

TEST(ShellWord, NoControlCharacterReachesTheTerminal) {
  for (const std::string word : {"\033[2J", "a\rb", "\302\233x", "\177"})
    for (const char c : shell_word(word)) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << shell_word(word);
}

}  // namespace
}  // namespace pktbench
