#include "memory/free_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace onda::memory {
namespace {

PageTag& free_range(PageTag& tag, std::size_t pages) {
  tag.set(PageTag::Kind::free_first, pages, 0);
  return tag;
}

TEST(FreeRanges, NothingFitsWhereNothingIsFree) {
  const FreeRanges ranges;
  EXPECT_EQ(ranges.best_fit(1), nullptr);
  EXPECT_EQ(ranges.best_fit(std::size_t{1} << 36), nullptr);
}

TEST(FreeRanges, FindsTheSmallestThatFits) {
  FreeRanges ranges;
  std::vector<PageTag> tags(4);
  ranges.insert(free_range(tags[0], 1000));
  ranges.insert(free_range(tags[1], 40));
  ranges.insert(free_range(tags[2], 41));
  ranges.insert(free_range(tags[3], std::size_t{1} << 30));
  EXPECT_EQ(ranges.best_fit(1), &tags[1]);
  EXPECT_EQ(ranges.best_fit(41), &tags[2]);
  EXPECT_EQ(ranges.best_fit(42), &tags[0]);
  EXPECT_EQ(ranges.best_fit(1001), &tags[3]);
  EXPECT_EQ(ranges.best_fit((std::size_t{1} << 30) + 1), nullptr);
}

TEST(FreeRanges, PrefersTheLowerAddressOfEqualOnes) {
  FreeRanges ranges;
  std::vector<PageTag> tags(3);
  for (const std::size_t i : {1U, 0U, 2U}) ranges.insert(free_range(tags[i], 50));
  EXPECT_EQ(ranges.best_fit(50), &tags[0]);
}

TEST(FreeRanges, FindsAFitThatIsAtMostASixteenthTooLargeWhateverElseIsFree) {
  FreeRanges ranges;
  std::vector<PageTag> tags(3000);
  std::mt19937 random(1);
  std::vector<PageTag*> inserted;
  for (int step = 0; step < 20000; ++step) {
    if (inserted.empty() || (random() % 2 == 0 && inserted.size() < tags.size())) {
      PageTag& tag = *std::ranges::find(tags, PageTag::Kind::none, &PageTag::kind);
      ranges.insert(free_range(tag, 1 + random() % 5000));
      inserted.push_back(&tag);
    } else {
      const std::size_t i = random() % inserted.size();
      ranges.remove(*inserted[i]);
      inserted[i]->clear();
      inserted[i] = inserted.back();
      inserted.pop_back();
    }
    const std::size_t pages = 1 + random() % 5000;
    std::size_t best = 0;
    for (const PageTag* tag : inserted) {
      if (tag->value() >= pages && (best == 0 || tag->value() < best)) best = tag->value();
    }
    const PageTag* found = ranges.best_fit(pages);
    // A class may be longer than the search; then the next one serves.
    if (best == 0) {
      ASSERT_EQ(found, nullptr);
    } else {
      ASSERT_NE(found, nullptr);
      ASSERT_GE(found->value(), pages);
      ASSERT_LE(found->value(), best + best / 8 + 1);
    }
  }
  EXPECT_EQ(ranges.count(), inserted.size());
}

}  // namespace
}  // namespace onda::memory
