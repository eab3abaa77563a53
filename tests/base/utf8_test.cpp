#include "base/utf8.h"

#include <gtest/gtest.h>

namespace onda::base {
namespace {

TEST(Utf8, EveryCodePointIsWrittenAndReadBack) {
  for (std::uint32_t number = 0; number <= 0x110000; ++number) {
    if (!is_code_point(number)) {
      EXPECT_TRUE((number >= 0xD800 && number <= 0xDFFF) || number > 0x10FFFF);
      continue;
    }
    std::string text;
    append_utf8(text, number);
    ASSERT_TRUE(is_utf8(text)) << number;
    ASSERT_EQ(utf8_sequence_length(text, 0), text.size());
    ASSERT_EQ(code_points(text), std::u32string(1, static_cast<char32_t>(number)));
  }
}

TEST(Utf8, EachBytePairIsWellFormedOrNotAsTheStandardSays) {
  int well_formed = 0;
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      const bool two_ascii = a < 0x80 && b < 0x80;
      const bool one_of_two = a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF;
      EXPECT_EQ(is_utf8(text), two_ascii || one_of_two) << a << " " << b;
      well_formed += is_utf8(text) ? 1 : 0;
    }
  }
  EXPECT_EQ(well_formed, 128 * 128 + 30 * 64);
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatIsCutShort) {
  for (const std::string_view text :
       {"\xC0\x80", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\x80", "\xE2\x82", "\xF0\x9F\x99", "a\xFF"}) {
    EXPECT_FALSE(is_utf8(text));
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("größe 寸法 🙂"));
}

}  // namespace
}  // namespace onda::base
