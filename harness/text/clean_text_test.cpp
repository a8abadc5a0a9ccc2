#include "harness/text/clean_text.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

TEST(CleanText, KeepsLineEndsAndTabsAndNothingElseThatATerminalObeys) {
  EXPECT_EQ(clean_text("a\nb\tc\rd\x1b[2J\x7f"), "a\nb\tc\\u000dd\\u001b[2J\\u007f");
  EXPECT_EQ(clean_text("\u009b31m\u202e\ufeff"), "\\u009b31m\\u202e\\ufeff");
  EXPECT_EQ(clean_text("größe 10µs → 漢字 🙂"), "größe 10µs → 漢字 🙂");
}

TEST(CleanText, OneLineIsOneLine) { EXPECT_EQ(clean_line("a\nb\tc\x1b"), "a\\nb\\tc\\u001b"); }

TEST(CleanText, EscapesWhatIsNoUtf8AndWhatIsNoXml) {
  EXPECT_EQ(clean_text("a\xff\xc3(\xed\xa0\x80"), "a\\xff\\xc3(\\xed\\xa0\\x80");
  EXPECT_EQ(clean_text("\uffff\ufffe"), "\\uffff\\ufffe");
}

TEST(CleanText, IsCleanAfterwards) {
  for (const char* text : {"", "plain", "a\nb", "größe", "\x1b", "\xff", "\u202e", "x\xe2\x80"}) {
    EXPECT_EQ(is_clean_text(text), clean_text(text) == text) << text;
    EXPECT_TRUE(is_clean_text(clean_text(text))) << text;
  }
}

TEST(ShellWord, IsOneWordWhateverIsInIt) {
  EXPECT_EQ(shell_word("eth0"), "eth0");
  EXPECT_EQ(shell_word("e;reboot"), "'e;reboot'");
  EXPECT_EQ(shell_word("it's größe"), R"('it'\''s größe')");
  EXPECT_EQ(shell_word("a\x1b'\\\xff"), "\"$(printf -- 'a\\033\\047\\134\\377')\"");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace pktbench
