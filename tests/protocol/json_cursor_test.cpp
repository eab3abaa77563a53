#include "protocol/json_cursor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "onda/error.h"
#include "support/error_matchers.h"
#include "support/padded_text.h"

namespace onda::protocol {
namespace {

void skip(const std::string& json, char padding = '7') {
  const test::PaddedText text(json, padding);
  DecodedStorage storage;
  JsonCursor cursor(text.text(), storage);
  cursor.skip_value();
  cursor.expect_end();
}

bool is_json(const std::string& json) {
  try {
    skip(json);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << json;
    return false;
  }
}

std::string string_of(const std::string& json) {
  const test::PaddedText text(json, '"');
  DecodedStorage storage;
  JsonCursor cursor(text.text(), storage);
  std::string read(cursor.read_string("it"));
  cursor.expect_end();
  return read;
}

TEST(JsonCursorTest, AcceptsJson) {
  for (const std::string json :
       {"{}", "[]", "null", "true", "false", "[0]", "[-1.5e3]", "\"\"", " [ 1 , 2 ] ",
        "{\"a\":{\"b\":[]},\"c\":null}", "[[],[[]],{}]", "\t\r\n 1 \n", "{\"\":0}",
        "[NaN,Infinity,-Infinity]", "{\"a\":1e999}", "\"\\u00e9\\ud83d\\ude00\\n\""})
    EXPECT_TRUE(is_json(json)) << json;
}

TEST(JsonCursorTest, RefusesWhatIsNone) {
  for (const std::string json : {"",
                                 " ",
                                 "{",
                                 "}",
                                 "[",
                                 "]",
                                 "[1",
                                 "[1,",
                                 "[1,]",
                                 "[,1]",
                                 "[1 2]",
                                 "{,}",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{\"a\":1,}",
                                 "{\"a\" 1}",
                                 "{a:1}",
                                 "{1:1}",
                                 "{\"a\":1 \"b\":2}",
                                 "[1}",
                                 "{\"a\":1]",
                                 "tru",
                                 "nul",
                                 "truefalse",
                                 "1 2",
                                 "01",
                                 "1.",
                                 "'a'",
                                 "\"",
                                 "\"a",
                                 "\"\\\"",
                                 "\"\\x\"",
                                 "\"\\u12\"",
                                 "\"\\u12g4\"",
                                 "\"\\ud800\"",
                                 "\"\\ud800\\u0041\"",
                                 "\"\\udc00\"",
                                 "\"\n\"",
                                 "[\"\t\"]",
                                 "/**/1",
                                 "+1",
                                 "[1]]",
                                 "{}{}"})
    EXPECT_FALSE(is_json(json)) << json;
  EXPECT_FALSE(is_json(std::string("\"a\0b\"", 5)));
  EXPECT_FALSE(is_json(std::string("\0", 1)));
  EXPECT_FALSE(is_json("\"\xFF\""));
  EXPECT_FALSE(is_json("\"\xC3\""));
  EXPECT_FALSE(is_json("{\"\xFF\":1}"));
}

TEST(JsonCursorTest, EndsWhereTheTextEnds) {
  for (const std::string json : {"[1", "{\"a\":1", "\"abc", "[tru", "{\"a\"", "[\"a\\"}) {
    for (const char padding : {'"', ']', '}', 'e', ' ', '\\', ','}) {
      EXPECT_THROW(skip(json, padding), Error) << json << padding;
    }
  }
}

TEST(JsonCursorTest, BoundsNestingWithoutRecursion) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(is_json(nested(JsonCursor::kMaxDepth)));
  EXPECT_TRUE(test::throws_error([&] { skip(nested(JsonCursor::kMaxDepth + 1)); },
                                 ErrorCode::invalid_argument,
                                 "JSON nesting depth exceeds maximum allowed limit"));
  EXPECT_TRUE(test::throws_error([&] { skip(std::string(250'000, '[')); }, ErrorCode::invalid_argument,
                                 "JSON nesting depth exceeds maximum allowed limit"));
  std::string objects;
  for (int i = 0; i < 250'000; ++i) objects += "{\"a\":";
  EXPECT_FALSE(is_json(objects));
}

TEST(JsonCursorTest, UnescapesStrings) {
  EXPECT_EQ(string_of("\"plain\""), "plain");
  EXPECT_EQ(string_of(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(string_of(R"("\u0041\u00e9\u20ac\ud83d\ude00")"), "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(string_of(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(string_of("\"\xC3\xA9\""), "\xC3\xA9");
  // A quote, a backslash and a byte that is no ASCII in each place of a word.
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string plain(before, 'a');
    EXPECT_EQ(string_of('"' + plain + '"'), plain);
    EXPECT_EQ(string_of('"' + plain + "\\\"\""), plain + '"');
    EXPECT_EQ(string_of('"' + plain + "\xE2\x82\xAC\""), plain + "\xE2\x82\xAC");
    EXPECT_THROW((void)string_of('"' + plain + "\x80\""), Error);
    EXPECT_THROW((void)string_of('"' + plain + "\x1F\""), Error);
    EXPECT_EQ(string_of('"' + plain + "\x7F!\x20\""), plain + "\x7F! ");
  }
}

TEST(JsonCursorTest, GivesTheMembersOfAnObject) {
  const test::PaddedText text(R"({"a":1,"b\u0063":[true,"x"],"":{}})");
  DecodedStorage storage;
  JsonCursor cursor(text.text(), storage);
  cursor.open('{', "it");
  bool is_first = true;
  EXPECT_EQ(cursor.next_member(is_first), "a");
  EXPECT_EQ(cursor.read_unsigned("a"), 1U);
  EXPECT_EQ(cursor.next_member(is_first), "bc");
  cursor.open('[', "bc");
  bool is_first_item = true;
  EXPECT_TRUE(cursor.next_item(is_first_item));
  EXPECT_TRUE(cursor.read_bool("item"));
  EXPECT_TRUE(cursor.next_item(is_first_item));
  EXPECT_EQ(cursor.read_string("item"), "x");
  EXPECT_FALSE(cursor.next_item(is_first_item));
  EXPECT_EQ(cursor.next_member(is_first), "");
  cursor.skip_value();
  EXPECT_EQ(cursor.next_member(is_first), std::nullopt);
  cursor.expect_end();
}

TEST(JsonCursorTest, NamesWhatIsOfAnotherKind) {
  const auto with = [](const std::string& json, auto read) {
    const test::PaddedText text(json);
    DecodedStorage storage;
    JsonCursor cursor(text.text(), storage);
    read(cursor);
  };
  EXPECT_TRUE(test::throws_error([&] { with("1", [](JsonCursor& c) { (void)c.read_string("'id'"); }); },
                                 ErrorCode::invalid_argument, "'id' must be a string"));
  EXPECT_TRUE(test::throws_error([&] { with("1", [](JsonCursor& c) { (void)c.read_bool("'b'"); }); },
                                 ErrorCode::invalid_argument, "'b' must be a boolean"));
  for (const std::string json : {"-1", "1.5", "\"1\"", "true", "18446744073709551616", ""}) {
    EXPECT_TRUE(test::throws_error([&] { with(json, [](JsonCursor& c) { (void)c.read_unsigned("'n'"); }); },
                                   ErrorCode::invalid_argument, "'n' must be a non-negative integer"));
  }
  EXPECT_TRUE(test::throws_error([&] { with("[]", [](JsonCursor& c) { c.open('{', "it"); }); },
                                 ErrorCode::invalid_argument, "it must be an object"));
  EXPECT_TRUE(test::throws_error([&] { with("{}", [](JsonCursor& c) { c.open('[', "it"); }); },
                                 ErrorCode::invalid_argument, "it must be an array"));
}

}  // namespace
}  // namespace onda::protocol
