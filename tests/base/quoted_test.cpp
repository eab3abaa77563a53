#include "base/quoted.h"

#include <gtest/gtest.h>

#include <string>

namespace onda::base {
namespace {

TEST(Quoted, LeavesTextAsItIs) {
  EXPECT_EQ(quoted("model.onnx"), "\"model.onnx\"");
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("größe 寸法 🙂"), "\"größe 寸法 🙂\"");
}

TEST(Quoted, StaysOnOneLine) {
  EXPECT_EQ(quoted("a\nb\r\t\x1b[2J"), "\"a\\x0ab\\x0d\\x09\\x1b[2J\"");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), "\"\\x00\"");
  EXPECT_EQ(quoted("\xC2\x85"), "\"\\xc2\\x85\"");
}

TEST(Quoted, BytesThatAreNoUtf8AreWrittenAsNumbers) {
  EXPECT_EQ(quoted("\xFF"), "\"\\xff\"");
  EXPECT_EQ(quoted("\xC3"), "\"\\xc3\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"\\xe2\\x82\"");
  EXPECT_EQ(quoted("\xC0\xAF"), "\"\\xc0\\xaf\"") << "overlong";
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"\\xed\\xa0\\x80\"") << "surrogate";
  EXPECT_EQ(quoted("\xF4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"") << "past U+10FFFF";
}

TEST(Quoted, CutsBetweenCharacters) {
  EXPECT_EQ(quoted("abcdef", 6), "\"abcdef\"");
  EXPECT_EQ(quoted("abcdef", 5), "\"abcde…\"");
  EXPECT_EQ(quoted("aé", 2), "\"a…\"");
}

}  // namespace
}  // namespace onda::base
