#include "memory/size_classes.h"

#include <gtest/gtest.h>

namespace onda::memory {
namespace {

TEST(SizeClasses, AreMultiplesOf64InFourStepsADoubling) {
  EXPECT_EQ(SizeClasses::bytes(0), 64U);
  EXPECT_EQ(SizeClasses::bytes(3), 256U);
  EXPECT_EQ(SizeClasses::bytes(7), 512U);
  EXPECT_EQ(SizeClasses::bytes(8), 640U);
  EXPECT_EQ(SizeClasses::bytes(SizeClasses::kCount - 1), SizeClasses::kLargest);
  for (std::size_t c = 1; c < SizeClasses::kCount; ++c) {
    EXPECT_EQ(SizeClasses::bytes(c) % SizeClasses::kSmallest, 0U);
    EXPECT_GT(SizeClasses::bytes(c), SizeClasses::bytes(c - 1));
    if (c >= 8) {
      EXPECT_EQ(SizeClasses::bytes(c), 2 * SizeClasses::bytes(c - 4));
    }
  }
}

TEST(SizeClasses, ASizeGetsTheSmallestClassThatHoldsIt) {
  EXPECT_EQ(SizeClasses::of(0), 0U);
  for (std::size_t bytes = 1; bytes <= SizeClasses::kLargest; ++bytes) {
    const std::size_t found = SizeClasses::of(bytes);
    ASSERT_LT(found, SizeClasses::kCount) << bytes;
    ASSERT_GE(SizeClasses::bytes(found), bytes);
    if (found > 0) {
      ASSERT_LT(SizeClasses::bytes(found - 1), bytes);
    }
  }
}

TEST(SizeClasses, AnAlignmentGetsAClassWhoseBlocksHaveIt) {
  for (std::size_t alignment = 64; alignment <= SizeClasses::kLargestAlignment; alignment *= 2) {
    for (std::size_t bytes = 0; bytes <= SizeClasses::kLargest; bytes += 61) {
      const std::size_t found = SizeClasses::of(bytes, alignment);
      ASSERT_LT(found, SizeClasses::kCount) << bytes << " aligned to " << alignment;
      ASSERT_GE(SizeClasses::bytes(found), bytes);
      ASSERT_EQ(SizeClasses::bytes(found) % alignment, 0U);
    }
    EXPECT_EQ(SizeClasses::bytes(SizeClasses::of(SizeClasses::kLargest, alignment)), SizeClasses::kLargest);
  }
}

TEST(SizeClasses, HoldBlocksUpTo32KilobytesAndAPagesAlignment) {
  EXPECT_TRUE(SizeClasses::holds(0, 64));
  EXPECT_TRUE(SizeClasses::holds(32768, 4096));
  EXPECT_FALSE(SizeClasses::holds(32769, 64));
  EXPECT_FALSE(SizeClasses::holds(1, 8192));
}

}  // namespace
}  // namespace onda::memory
