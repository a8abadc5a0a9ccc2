#include "harness/text/input_error.hpp"

#include <gtest/gtest.h>

namespace pktbench {
namespace {

TEST(InputError, SaysWhereWhichPlaceAndWhat) {
  const Error error = input_error("a.json", "/queues", "must be 1 to 64, not 0");
  EXPECT_EQ(error.code, ErrorCode::invalid_input);
  EXPECT_EQ(error.message, "a.json: /queues: must be 1 to 64, not 0");
  EXPECT_EQ(input_error("a.json", "", "no such file").message, "a.json: no such file");
  EXPECT_EQ(input_error("", "", "no such file").message, "\"\": no such file");
}

TEST(InputError, IsShortWhateverItIsAbout) {
  const std::string line =
      input_error(std::string(5000, '\n'), std::string(5000, '\n'), std::string(5000, '\n'))
          .message;
  EXPECT_LT(line.size(), 500u);
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(InputError, KeepsTheEndOfALongPath) {
  const std::string line = input_error(std::string(5000, 'd') + "/ä/x.json", "", "no").message;
  EXPECT_TRUE(line.starts_with("...ddd")) << line;
  EXPECT_TRUE(line.ends_with("d/ä/x.json: no")) << line;
  EXPECT_EQ(line.size(), kMaxWhere + 4);
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\nb\tc\rd\x1b[2J\x7f", 100), "a\\nb\\tc\\u000dd\\u001b[2J\\u007f");
  EXPECT_EQ(printable("\u0085\u009b\u2028\u202e\u2066\ufeff", 100),
            "\\u0085\\u009b\\u2028\\u202e\\u2066\\ufeff");
  EXPECT_EQ(printable(std::string("a\0b", 3), 100), "a\\u0000b");
  EXPECT_EQ(printable("größe 10µs → 漢字 🙂", 100), "größe 10µs → 漢字 🙂");
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("a\xff\xc3", 100), "a\\xff\\xc3");
  EXPECT_EQ(printable("\xe4\xbd", 100), "\\xe4\\xbd");
}

TEST(Printable, CutsAtTheLimitAndNeverInsideACharacter) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abc...");
  EXPECT_EQ(printable("ää", 3), "...");
  EXPECT_EQ(printable("äääää", 8), "ää...");
  EXPECT_EQ(printable("\n\n\n\n", 7), "\\n\\n...");
}

TEST(Utf8, TheFirstByteThatDoesNotBelongIsFound) {
  EXPECT_EQ(invalid_utf8_at("größe \u007f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff"),
            std::nullopt);
  EXPECT_EQ(invalid_utf8_at("ab\x80"), 2u);            // a continuation without a lead
  EXPECT_EQ(invalid_utf8_at("ab\xc0\xaf"), 2u);        // overlong
  EXPECT_EQ(invalid_utf8_at("\xe0\x9f\xbf"), 0u);      // overlong
  EXPECT_EQ(invalid_utf8_at("\xf0\x8f\xbf\xbf"), 0u);  // overlong
  EXPECT_EQ(invalid_utf8_at("\xed\xa0\x80"), 0u);      // a surrogate
  EXPECT_EQ(invalid_utf8_at("\xf4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(invalid_utf8_at("a\xe2\x82"), 1u);         // cut
  EXPECT_EQ(invalid_utf8_at("a\xe2\x82z"), 1u);
}

TEST(NumberText, IsShortAndReadsBack) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(-1), "-1");
  EXPECT_EQ(number_text(1e9), "1000000000");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(1e300), "1e+300");
}

}  // namespace
}  // namespace pktbench
