#include "cli/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace onda::cli {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, IndentsObjectsAndKeepsRowsOnALine) {
  JsonWriter json;
  json.begin_object().member("name", "x").key("shape").begin_row().value(1).value(2).end_array();
  json.key("empty").begin_array().end_array().member("ok", true).key("none").null().end_object();
  EXPECT_EQ(json.finish(),
            "{\n  \"name\": \"x\",\n  \"shape\": [1, 2],\n  \"empty\": [],\n  \"ok\": true,\n  \"none\": "
            "null\n}\n");
}

TEST(JsonWriter, KeepsObjectsWithinARowOnItsLine) {
  JsonWriter json;
  json.begin_row().begin_object().member("a", 1).member("b", 2).end_object().end_array();
  EXPECT_EQ(json.finish(), "[{\"a\": 1, \"b\": 2}]\n");
}

TEST(JsonWriter, WritesNumbersThatReadBackExactly) {
  std::string out;
  append_json_number(out, 0.1F);
  out += ' ';
  append_json_number(out, 0.1);
  out += ' ';
  append_json_number(out, 1e300);
  EXPECT_EQ(out, "0.1 0.1 1e+300");
}

TEST(JsonWriter, WritesWhatJsonLacksAsPythonDoes) {
  JsonWriter json;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  json.begin_row()
      .value(std::numeric_limits<double>::quiet_NaN())
      .value(kInfinity)
      .value(-kInfinity)
      .end_array();
  EXPECT_EQ(json.finish(), "[NaN, Infinity, -Infinity]\n");
}

TEST(JsonWriter, EscapesControlCharactersAndQuotes) {
  EXPECT_EQ(quoted("a\"b\\c\n\t\x01"), "\"a\\\"b\\\\c\\n\\t\\u0001\"");
  EXPECT_EQ(quoted("grün €"), "\"grün €\"");
}

TEST(JsonWriter, ReplacesBytesThatAreNoText) {
  EXPECT_EQ(quoted("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quoted("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace onda::cli
