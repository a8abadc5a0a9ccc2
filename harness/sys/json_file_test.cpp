#include "harness/sys/json_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/testing/scratch_files.hpp"

namespace pktbench {
namespace {

std::string parse_error(const std::string& text, const JsonLimits& limits = {}) {
  const auto document = parse_json(text, "T", limits);
  return document ? "" : document.error().message;
}

class JsonFile : public ScratchFiles {
 protected:
  // The error of a file of this name, without the path in front.
  std::string file_error(const std::string& file) const {
    const auto document = read_json_file(file);
    if (document) return {};
    const std::string& line = document.error().message;
    EXPECT_TRUE(line.starts_with(file + ": ")) << line;
    return line.substr(std::min(line.size(), file.size() + 2));
  }
};

TEST(ParseJson, KeepsTheOrderOfKeys) {
  const auto document = parse_json(R"({"z": 1, "a": [true, null, -2, 0.5, "x"]})", "T");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->dump(), R"({"z":1,"a":[true,null,-2,0.5,"x"]})");
}

TEST(ParseJson, SaysLineAndColumnOfWhatIsNotJson) {
  EXPECT_EQ(parse_error("{\n  \"a\": 1,\n  \"ä\": NaN\n}"),
            "T: line 3, column 8: not valid JSON: invalid literal; last read: "
            "'\"ä\": N'");
  EXPECT_EQ(parse_error("{\"a\": [1, 2"),
            "T: line 1, column 12: not valid JSON: unexpected end of input; expected ']'");
  EXPECT_EQ(parse_error("{\"a\": \"x"),
            "T: line 1, column 9: not valid JSON: invalid string: missing closing quote; last "
            "read: '\"x'");
  EXPECT_EQ(parse_error("{} {}"),
            "T: line 1, column 4: not valid JSON: unexpected '{'; expected end of input");
  EXPECT_EQ(parse_error("{\"a\": 1,}"),
            "T: line 1, column 9: not valid JSON: unexpected '}'; expected string literal");
  EXPECT_EQ(parse_error("// x\n{}"),
            "T: line 1, column 1: not valid JSON: invalid literal; last read: '/'");
  EXPECT_EQ(parse_error("[Infinity]"),
            "T: line 1, column 2: not valid JSON: invalid literal; last read: '[I'");
  EXPECT_EQ(parse_error("\n \n"),
            "T: line 3, column 1: not valid JSON: unexpected end of input; expected '[', '{', or "
            "a literal");
}

TEST(ParseJson, RefusesANulAndWhatFollowsIt) {
  EXPECT_EQ(parse_error(std::string("{}\0x", 4)),
            "T: line 1, column 3: not valid JSON: a NUL character");
}

TEST(ParseJson, RefusesBytesThatAreNotUtf8) {
  EXPECT_EQ(parse_error("{\n\"ä\": \"\xff\"}"), "T: line 2, column 7: not valid UTF-8");
}

TEST(ParseJson, RefusesDuplicateKeysAtAnyDepth) {
  EXPECT_EQ(parse_error(R"({"a": 1, "a": 1})"), "T: /a: duplicate key \"a\"");
  EXPECT_EQ(parse_error(R"([0, {"x": {"a/b": 1, "c~": 2, "\u0061/b": 3}}])"),
            "T: /1/x/a~1b: duplicate key \"a/b\"");
  EXPECT_EQ(parse_error(R"([{"a": 1}, {"a": 1}])"), "");
}

TEST(ParseJson, RefusesNumbersThatNoDoubleHolds) {
  EXPECT_EQ(parse_error(R"({"a": [0, -1e999]})"), "T: /a/1: the number -1e999 is too large");
  EXPECT_EQ(parse_error("[" + std::string(5000, '9') + "]").substr(0, 20), "T: /0: the number 99");
  EXPECT_LT(parse_error("[" + std::string(5000, '9') + "]").size(), 500u);
}

TEST(ParseJson, LimitsTheDepth) {
  EXPECT_EQ(parse_error("[[[1]]]", {.depth = 3}), "");
  EXPECT_EQ(parse_error("[0, {\"a\": [[]]}]", {.depth = 3}),
            "T: /1/a/0: nested deeper than 3 levels");
  for (const std::string bomb : {"[", "{\"a\":"}) {
    std::string text;
    while (text.size() < 1'000'000) text += bomb;
    const std::string line = parse_error(text);
    EXPECT_TRUE(line.ends_with(": nested deeper than 32 levels")) << line;
  }
}

TEST(ParseJson, LimitsTheKeysOfAnObject) {
  EXPECT_EQ(parse_error(R"({"a": 1, "b": {"c": 1, "d": 2, "e": 3}})", {.keys = 2}),
            "T: /b/e: more than 2 keys in one object");
}

TEST(ParseJson, KeepsThePartsThatAreAskedForAndChecksTheOthers) {
  const std::string text =
      R"({"a": {"x": 1, "y": [2]}, "#": 3, "b": [{"x": 4, "y": 5}, 6, {"x": [7]}], "c": {"d": 8}})";
  const JsonParts parts{{{"a", {{{"y", {}}}, {}}}, {"b", {{{"#", {{{"x", {}}}, {}}}}, {}}}}, {}};
  EXPECT_EQ(parse_json(text, "T", {}, parts)->dump(),
            R"({"a":{"y":[2]},"b":[{"x":4},6,{"x":[7]}]})");
  const auto bad = parse_json(R"({"z": [{"x": 1, "x": 2}]})", "T", {}, parts);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "T: /z/0/x: duplicate key \"x\"");
}

TEST(ParseJson, HandsOverAPartAsSoonAsItHasEnded) {
  std::string taken;
  JsonParts parts{{{"b", {{{"#", {}}}, {}}}}, {}};
  parts.below["b"].below["#"].take = [&](const Json& part, const Json::json_pointer& at) {
    taken += at.to_string() + "=" + part.dump() + " ";
  };
  EXPECT_EQ(parse_json(R"({"b": [1, {"x": [2]}, []]})", "T", {}, parts)->dump(), R"({"b":[]})");
  EXPECT_EQ(taken, R"(/b/0=1 /b/1={"x":[2]} /b/2=[] )");
  // Only what is in a list is one of a list.
  EXPECT_EQ(parse_json(R"({"b": {"#": 1, "0": 2}})", "T", {}, parts)->dump(), R"({"b":{}})");
}

TEST(ParseJson, TellsManyKeysOfOneObjectApart) {
  const auto object = [](int last) {
    std::string text = "{";
    for (int i = 0; i < 200; ++i) text += fmt::format("\"k{}\": 0, ", i);
    return text + fmt::format("\"k{}\": 0}}", last);
  };
  EXPECT_EQ(parse_error(object(200)), "");
  for (const int i : {0, 47, 48, 199})
    EXPECT_EQ(parse_error(object(i)), fmt::format("T: /k{0}: duplicate key \"k{0}\"", i));
}

// What is said of a text must not go by where the pieces end in which its file is read.
TEST_F(JsonFile, SaysOfAFileInPiecesWhatItSaysOfItsText) {
  const JsonLimits large{.bytes = std::size_t{1} << 30};
  const std::vector<std::string> ends = {
      "\"ä\"}", "\"\xff\"}", "\"\xe2\x82\"}",       "\"\xe2",  "nan}",
      "1} 2",   "",          std::string("\0}", 2), "-1e999}", "1,\n \"é\": 2, \"é\": 3}"};
  for (const std::string& end : ends)
    for (std::size_t before = (1 << 18) - 4; before <= (1 << 18) + 1; ++before) {
      std::string text = "{\n\"ü\":\n";
      text += std::string(before - text.size(), before % 2 ? ' ' : '\n') + end;
      const std::string file = write(text);
      const auto expected = parse_json(text, file, large);
      const auto read = read_json_file(file, large);
      ASSERT_EQ(read ? "" : read.error().message, expected ? "" : expected.error().message)
          << before;
    }
}

TEST_F(JsonFile, RefusesWhatCannotBeRead) {
  EXPECT_EQ(file_error(path("none.json")), "no such file");
  EXPECT_EQ(file_error(path("")), "a directory, not a file");
  EXPECT_EQ(file_error(write("") + "/x"), "cannot open: Not a directory");
  EXPECT_EQ(file_error(write("")), "the file is empty");
  EXPECT_EQ(file_error("/dev/zero"), "not a regular file");
  EXPECT_EQ(file_error("/proc/self/mem"), "cannot read: Input/output error");
  EXPECT_EQ(read_json_file("").error().message, "\"\": no such file");
}

TEST_F(JsonFile, RefusesAFileWithoutPermission) {
  const std::string file = write("{}");
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  const bool root = ::geteuid() == 0;
  ASSERT_EQ(root ? ::seteuid(65534) : 0, 0);
  const std::string line = file_error(file);
  ASSERT_EQ(root ? ::seteuid(0) : 0, 0);
  EXPECT_EQ(line, "cannot open: Permission denied");
}

TEST_F(JsonFile, DoesNotWaitForAPipe) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(file_error(path("pipe")), "not a regular file");
}

TEST_F(JsonFile, RefusesLargeFilesUnread) {
  const std::string at_limit = "{}" + std::string((1u << 20) - 2, ' ');
  EXPECT_EQ(file_error(write(at_limit)), "");
  EXPECT_EQ(file_error(write(at_limit + " ")), "larger than 1048576 bytes");
  EXPECT_EQ(file_error(write(std::string(100'000'000, '['))), "larger than 1048576 bytes");
  EXPECT_EQ(parse_error("{ }", {.bytes = 2, .too_large = "; do this"}),
            "T: larger than 2 bytes; do this");
}

}  // namespace
}  // namespace pktbench
