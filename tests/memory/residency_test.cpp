#include "memory/residency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <vector>

namespace onda::memory {
namespace {

using GranuleRun = Residency::Run;

struct Granules {
  std::array<Residency::Word, 5> words{};
  Residency residency{words.data()};

  void use_and_rest(GranuleRun run) {
    (void)residency.take(run);
    residency.occupy(run);
    residency.rest(run);
  }
};

TEST(Residency, CountsWhatIsNotResidentYet) {
  Granules granules;
  EXPECT_EQ(granules.residency.take({.first = 60, .count = 10}), 10U);
  granules.residency.occupy({.first = 60, .count = 10});
  EXPECT_EQ(granules.residency.resident(), 10U);
  EXPECT_EQ(granules.residency.idle(), 0U);
  granules.residency.rest({.first = 60, .count = 10});
  EXPECT_EQ(granules.residency.take({.first = 50, .count = 200}), 190U);
  EXPECT_EQ(granules.residency.idle(), 0U);
}

TEST(Residency, OnlyWhatIsResidentRests) {
  Granules granules;
  granules.use_and_rest({.first = 3, .count = 2});
  granules.residency.rest({.first = 0, .count = 128});
  EXPECT_EQ(granules.residency.idle(), 2U);
  EXPECT_TRUE(granules.residency.is_idle(4));
  EXPECT_FALSE(granules.residency.is_idle(5));
}

TEST(Residency, TheHighestIdleRunReachesAcrossWordsAndEndsAtTheLimit) {
  Granules granules;
  granules.use_and_rest({.first = 10, .count = 5});
  granules.use_and_rest({.first = 60, .count = 140});
  const GranuleRun some = granules.residency.highest_idle(100);
  EXPECT_EQ(some.first, 100U);
  EXPECT_EQ(some.count, 100U);
  granules.residency.vacate(some);
  const GranuleRun rest = granules.residency.highest_idle(1000);
  EXPECT_EQ(rest.first, 60U);
  EXPECT_EQ(rest.count, 40U);
  granules.residency.vacate(rest);
  const GranuleRun last = granules.residency.highest_idle(1000);
  EXPECT_EQ(last.first, 10U);
  EXPECT_EQ(last.count, 5U);
  granules.residency.vacate(last);
  EXPECT_EQ(granules.residency.highest_idle(1000).count, 0U);
  EXPECT_EQ(granules.residency.resident(), 0U);
}

TEST(Residency, TheLowestGranuleIsFoundToo) {
  Granules granules;
  granules.use_and_rest({.first = 0, .count = 64});
  const GranuleRun run = granules.residency.highest_idle(1000);
  EXPECT_EQ(run.first, 0U);
  EXPECT_EQ(run.count, 64U);
}

TEST(Residency, AgreesWithAPlainModel) {
  Granules granules;
  constexpr std::size_t kCount = 5 * 64;
  std::vector<bool> resident(kCount);
  std::vector<bool> idle(kCount);
  std::mt19937 random(7);
  for (int step = 0; step < 20000; ++step) {
    const std::size_t first = random() % kCount;
    const std::size_t count = 1 + random() % std::min<std::size_t>(kCount - first, step % 2 == 0 ? 200 : 8);
    switch (random() % 3) {
      case 0: {
        std::size_t absent = 0;
        for (std::size_t i = first; i < first + count; ++i) {
          absent += resident[i] ? 0 : 1;
          resident[i] = true;
          idle[i] = false;
        }
        ASSERT_EQ(granules.residency.take({.first = first, .count = count}), absent);
        granules.residency.occupy({.first = first, .count = count});
        break;
      }
      case 1:
        for (std::size_t i = first; i < first + count; ++i) idle[i] = resident[i];
        granules.residency.rest({.first = first, .count = count});
        break;
      default: {
        std::size_t last = kCount;
        while (last > 0 && !idle[last - 1]) --last;
        std::size_t length = 0;
        while (length < count && length < last && idle[last - 1 - length]) ++length;
        const GranuleRun run = granules.residency.highest_idle(count);
        ASSERT_EQ(run.count, length);
        if (length == 0) break;
        ASSERT_EQ(run.first, last - length);
        for (std::size_t i = run.first; i < last; ++i) resident[i] = idle[i] = false;
        granules.residency.vacate(run);
      }
    }
    ASSERT_EQ(granules.residency.resident(), static_cast<std::size_t>(std::ranges::count(resident, true)));
    ASSERT_EQ(granules.residency.idle(), static_cast<std::size_t>(std::ranges::count(idle, true)));
  }
}

}  // namespace
}  // namespace onda::memory
