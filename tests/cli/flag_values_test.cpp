#include "cli/flag_values.h"

#include <gtest/gtest.h>

#include "cli/usage_error.h"

namespace onda::cli {
namespace {

using namespace std::chrono_literals;

TEST(FlagValues, ReadsWholeNumbersOfTheRange) {
  EXPECT_EQ(read_integer("1", 1), 1);
  EXPECT_EQ(read_integer("9223372036854775807", 0), INT64_MAX);
  for (const auto* text : {"", "0", "1.0", "1x", " 1", "+1", "9223372036854775808", "one"}) {
    EXPECT_THROW((void)read_integer(text, 1), UsageError) << text;
  }
  EXPECT_THROW((void)read_integer("9", 1, 8), UsageError);
}

TEST(FlagValues, ReadsNumbersAndFractions) {
  EXPECT_DOUBLE_EQ(read_number("0.5"), 0.5);
  EXPECT_DOUBLE_EQ(read_number("-1e3"), -1000);
  EXPECT_DOUBLE_EQ(read_number("1/255"), 1.0 / 255);
  for (const auto* text : {"", "x", "1/0", "1/", "/2", "inf", "nan", "1,5"}) {
    EXPECT_THROW((void)read_number(text), UsageError) << text;
  }
}

TEST(FlagValues, ReadsLists) {
  EXPECT_EQ(read_numbers("0.485, 0.456,0.406"), (std::vector<double>{0.485, 0.456, 0.406}));
  EXPECT_EQ(read_integers("1,2,4", 1), (std::vector<std::int64_t>{1, 2, 4}));
  EXPECT_THROW((void)read_integers("1,,4", 1), UsageError);
  EXPECT_THROW((void)read_integers("", 1), UsageError);
}

TEST(FlagValues, ReadsDurationsWithTheirUnit) {
  EXPECT_EQ(read_duration("2"), 2s);
  EXPECT_EQ(read_duration("2s"), 2s);
  EXPECT_EQ(read_duration("1.5s"), 1500ms);
  EXPECT_EQ(read_duration("500ms"), 500ms);
  EXPECT_EQ(read_duration("250us"), 250us);
  EXPECT_EQ(read_duration("2m"), 2min);
  for (const auto* text : {"", "s", "0", "-1s", "5 parsecs", "1e30s", "nan"}) {
    EXPECT_THROW((void)read_duration(text), UsageError) << text;
  }
}

TEST(FlagValues, ReadsSizesWithTheirUnitOrAsAShare) {
  EXPECT_EQ(read_size("4096", 0), 4096U);
  EXPECT_EQ(read_size("1B", 0), 1U);
  EXPECT_EQ(read_size("4K", 0), 4096U);
  for (const auto* text : {"512M", "512MB", "512MiB", "512 MB", "0.5G"}) {
    EXPECT_EQ(read_size(text, 0), 512U << 20U) << text;
  }
  EXPECT_EQ(read_size("2T", 0), std::uint64_t{2} << 40U);
  EXPECT_EQ(read_size("50%", 1000), 500U);
  EXPECT_EQ(read_size("0.1 %", 1000), 1U);
  EXPECT_EQ(read_size("100%", 1000), 1000U);
  for (const auto* text :
       {"", "0", "-1M", "M", "1X", "1m", "%", "0%", "101%", "1e30G", "nan", "iB", "1 M M", "5%%"}) {
    EXPECT_THROW((void)read_size(text, 1000), UsageError) << text;
  }
  EXPECT_THROW((void)read_size("50%", 0), UsageError);
}

TEST(FlagValues, ReadsBooleans) {
  EXPECT_TRUE(read_boolean("true"));
  EXPECT_TRUE(read_boolean("1"));
  EXPECT_FALSE(read_boolean("off"));
  EXPECT_THROW((void)read_boolean("maybe"), UsageError);
}

}  // namespace
}  // namespace onda::cli
