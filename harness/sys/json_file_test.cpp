#include "harness/sys/json_file.hpp"

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
}

}  // namespace
}  // namespace pktbench
