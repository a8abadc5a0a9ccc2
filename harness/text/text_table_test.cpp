#include "harness/text/text_table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace pktbench {
namespace {

const std::vector<TextColumn> kColumns = {
    {"case"}, {"mode", false, 2}, {"rate", true}, {"share", true, 1}};

std::size_t widest(const std::string& text) {
  std::size_t most = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) most = std::max(most, display_width(line));
  return most;
}

TEST(TextTable, IsAsWideAsItIsWhereNothingLimitsIt) {
  EXPECT_EQ(text_table(kColumns, {{{"a/drop", "native", "1.5", "2"}}, {{"b", "-"}, "failed: why"}},
                       "run.json", {}),
            "case    mode    rate  share\n"
            "a/drop  native   1.5      2\n"
            "b       -       failed: why\n");
}

TEST(TextTable, WhatIsLeftOutIsNamedWithWhereItIs) {
  const std::string table = text_table(kColumns, {{{"a/drop", "native-skb", "1.5", "2.000000"}}},
                                       "run.json", {.columns = 22});
  EXPECT_EQ(table,
            "case    rate     share\n"
            "a/drop   1.5  2.000000\n"
            "Left out to fit 22\n"
            "columns: mode. In\n"
            "full: run.json, or\n"
            "COLUMNS=200 before the\n"
            "command.\n");
}

TEST(TextTable, AnEndThatAllNamesHaveIsSaidOnce) {
  const std::string table =
      text_table(kColumns, {{{"xdp/drop/64B", "n", "1", "2"}}, {{"udp/drop/64B", "n", "1", "2"}}},
                 "run.json", {.columns = 25});
  EXPECT_EQ(table.find("case  mode  rate  share\nxdp   n        1      2\n"), 0u) << table;
  EXPECT_NE(table.find("\nEvery name in the column\ncase ends in /drop/64B.\n"), std::string::npos)
      << table;
}

TEST(TextTable, NamesThatDifferAtTheirEndStayApart) {
  const std::string same = "udp-recvmmsg/drop/64B/1q/1f/" + std::string(112, 'x');
  std::vector<TextRow> rows;
  for (const char* end : {"1", "2", "3", "4"}) rows.push_back({{same + end, "n", "1", "2"}});
  const std::string table = text_table(kColumns, rows, "run.json", {.columns = 80});
  EXPECT_LE(widest(table), 80u);
  for (const char* end : {"x1 ", "x2 ", "x3 ", "x4 "})
    EXPECT_NE(table.find(end), std::string::npos) << table;
  EXPECT_NE(table.find("Names are cut (…). "), std::string::npos) << table;
}

TEST(TextTable, AReasonGoesOnBelowItself) {
  const std::string table =
      text_table(kColumns, {{{"a", "-"}, "unsupported: one two three four five six"}}, "run.json",
                 {.columns = 40});
  EXPECT_NE(table.find("a     -     unsupported: one two three\n            four five six\n"),
            std::string::npos)
      << table;
}

TEST(TextTable, FitsEveryWidthFromForty) {
  const std::vector<TextRow> rows = {{{"xdp-native/drop/64B/1q/1f", "native", "10.880", "6.20"}},
                                     {{"dpdk/drop/64B/1q/1f/driver=net_ring", "-"},
                                      "unsupported: the program is neither here nor there"}};
  for (std::size_t columns = 40; columns <= 120; ++columns)
    EXPECT_LE(widest(text_table(kColumns, rows, "run.json", {.columns = columns})), columns);
}

}  // namespace
}  // namespace pktbench
