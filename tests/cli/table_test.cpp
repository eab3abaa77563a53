#include "cli/table.h"

#include <gtest/gtest.h>

namespace onda::cli {
namespace {

TEST(Table, AlignsColumnsByTheirWidestCell) {
  Table table({{"name"}, {"ms", Table::Align::right}});
  table.add({"a", "1.5"});
  table.add({"longer", "12.25"});
  EXPECT_EQ(table.text(), "name       ms\na         1.5\nlonger  12.25\n");
  EXPECT_EQ(table.text(2), "  name       ms\n  a         1.5\n  longer  12.25\n");
}

TEST(Table, CountsCharactersAndNotBytes) {
  Table table({{"x"}, {"y"}});
  table.add({"größe", "1"});
  table.add({"abcde", "2"});
  EXPECT_EQ(table.text(), "x      y\ngröße  1\nabcde  2\n");
}

TEST(Table, LeavesOutEmptyHeadingsAndEscapesControlCharacters) {
  Table table({{""}, {""}});
  table.add({"a\x1b[31m\nb", "c"});
  EXPECT_EQ(table.text(), "a\\x1b[31m b  c\n");
}

TEST(Table, WritesCommaSeparatedValues) {
  Table table({{"a"}, {"b"}});
  table.add({"1,5", "say \"x\""});
  EXPECT_EQ(table.csv(), "a,b\n\"1,5\",\"say \"\"x\"\"\"\n");
}

}  // namespace
}  // namespace onda::cli
