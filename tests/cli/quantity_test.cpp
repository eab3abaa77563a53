#include "cli/quantity.h"

#include <gtest/gtest.h>

#include <limits>

namespace onda::cli {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, WritesBriefNumbers) {
  EXPECT_EQ(brief(0), "0");
  EXPECT_EQ(brief(0.00123), "0.00123");
  EXPECT_EQ(brief(12.345), "12.3");
  EXPECT_EQ(brief(4567.8), "4568");
  EXPECT_EQ(brief(1.5e-9), "1.50e-09");
  EXPECT_EQ(brief(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(Quantity, DropsZerosAtTheEndWhereAsked) {
  EXPECT_EQ(shortest_brief(2), "2");
  EXPECT_EQ(shortest_brief(0.5), "0.5");
  EXPECT_EQ(shortest_brief(100), "100");
  EXPECT_EQ(shortest_brief(1e-9), "1.00e-09");
  EXPECT_EQ(rate_text(1044567.8), "1044568");
  EXPECT_EQ(rate_text(22.46), "22.5");
}

TEST(Quantity, WritesBytesInPowersOf1024) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(9812), "9.6 KB");
  EXPECT_EQ(bytes_text(1048575), "1.0 MB");
  EXPECT_EQ(bytes_text(std::numeric_limits<std::uint64_t>::max()), "16.0 EB");
}

TEST(Quantity, WritesDurationsInTheirUnit) {
  EXPECT_EQ(duration_text(210ns), "210 ns");
  EXPECT_EQ(duration_text(2130ns), "2.13 us");
  EXPECT_EQ(duration_text(14200us), "14.2 ms");
  EXPECT_EQ(duration_text(1500ms), "1.50 s");
}

TEST(Quantity, WritesFixedDigitsOfAnyNumber) {
  EXPECT_EQ(fixed(0.98886, 2), "0.99");
  EXPECT_EQ(percent_text(0.98886), "98.89 %");
  EXPECT_EQ(fixed(-std::numeric_limits<double>::max(), 4).size(), 1U + 309U + 1U + 4U);
}

}  // namespace
}  // namespace onda::cli
