#include "cli/paragraph.h"

#include <gtest/gtest.h>

namespace onda::cli {
namespace {

TEST(Paragraph, BreaksAtSpacesAndIndentsWhatFollows) {
  EXPECT_EQ(wrapped("one two three", 2, 9), "one two\n  three");
  EXPECT_EQ(wrapped("averyverylongword and", 0, 5), "averyverylongword\nand");
  EXPECT_EQ(wrapped("", 4, 10), "");
}

TEST(Paragraph, CountsCharactersOfUtf8) { EXPECT_EQ(text_width("größe…"), 6U); }

}  // namespace
}  // namespace onda::cli
