#include "harness/text/fit.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pktbench {
namespace {

TEST(Fit, WidthCountsCharactersNotBytes) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("≥5–6→é"), 6u);
}

TEST(Fit, LinesBreakBetweenWords) {
  EXPECT_EQ(wrapped("one two three four", 9), "one two\nthree\nfour");
  EXPECT_EQ(wrapped("one two\nthree", 7), "one two\nthree");
  EXPECT_EQ(wrapped("é é é é é\n", 5), "é é é\né é\n");
  EXPECT_EQ(wrapped("one two three", 0), "one two three");
}

TEST(Fit, WhatGoesOnStandsBelowTheSecondColumn) {
  EXPECT_EQ(wrapped("  name    what it is and what it does", 34),
            "  name    what it is and what it\n"
            "          does");
  EXPECT_EQ(wrapped("    a text that is indented and long", 24),
            "    a text that is\n  indented and long");
}

TEST(Fit, AWordThatIsTooLongStaysWhole) {
  EXPECT_EQ(wrapped("run: /a/very/long/path/to/run.json", 16),
            "run:\n/a/very/long/path/to/run.json");
  EXPECT_EQ(wrapped("/a/very/long/path/to/run.json is it", 16),
            "/a/very/long/path/to/run.json\nis it");
}

TEST(Fit, NoWidthLosesAWord) {
  const std::string text = "  a bb  ccc dddd eeeee ffffff ggggggg hhhhhhhh\n\n iiiiiiiii j\n";
  for (std::size_t columns = 1; columns < 60; ++columns) {
    std::string words;
    for (const char c : wrapped(text, columns))
      if (c != ' ' && c != '\n') words += c;
    EXPECT_EQ(words, "abbcccddddeeeeeffffffggggggghhhhhhhhiiiiiiiiij") << columns;
  }
}

void expect_apart(const std::vector<std::string>& texts, std::size_t columns) {
  const auto made = told_apart(texts, columns);
  EXPECT_EQ(std::set<std::string>(made.begin(), made.end()).size(),
            std::set<std::string>(texts.begin(), texts.end()).size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_LE(display_width(made[i]), columns) << made[i];
    if (display_width(texts[i]) <= columns) {
      EXPECT_EQ(made[i], texts[i]);
    }
  }
}

TEST(ToldApart, NamesThatDifferAtTheirEndAreCutInTheMiddle) {
  const std::string same(139, 'x');
  expect_apart({same + "1", same + "2", same + "3", same + "4"}, 30);
  EXPECT_EQ(told_apart({"abcdefghijklmnopqrst1", "abcdefghijklmnopqrst2"}, 16)[0],
            "abcdefgh…opqrst1");
}

TEST(ToldApart, NamesThatDifferAnywhereAreToldApart) {
  const std::string a(60, 'a');
  expect_apart({a + "1" + a, a + "2" + a, a + "3" + a, "x"}, 16);  // in the middle
  expect_apart({"1" + a, "2" + a, "x"}, 16);                       // at the beginning
  expect_apart({"1" + a + a, a + "2" + a, a + a + "3"}, 16);       // each elsewhere
  expect_apart({a, a + "b", a + "bb", "é" + a, "éé" + a}, 20);     // by length
}

TEST(ToldApart, EqualNamesStayEqual) {
  const std::string a(60, 'a');
  const auto made = told_apart({a, a + "b" + a, a, a + "c" + a}, 20);
  EXPECT_EQ(made[0], made[2]);
  EXPECT_NE(made[1], made[3]);
}

}  // namespace
}  // namespace pktbench
