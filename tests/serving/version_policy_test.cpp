#include "serving/version_policy.h"

#include <gtest/gtest.h>

namespace onda::serving {
namespace {

using Versions = std::vector<std::int64_t>;

TEST(VersionPolicyTest, LatestTakesTheHighest) {
  const Versions available = {0, 2, 3, 11};
  EXPECT_EQ(select(LatestVersions{}, available), Versions{11});
  EXPECT_EQ(select(LatestVersions{2}, available), (Versions{3, 11}));
  EXPECT_EQ(select(LatestVersions{9}, available), available);
  EXPECT_EQ(select(LatestVersions{0}, available), Versions{});
}

TEST(VersionPolicyTest, AllTakesAll) { EXPECT_EQ(select(AllVersions{}, Versions{1, 5}), (Versions{1, 5})); }

TEST(VersionPolicyTest, SpecificTakesThoseThatAreThereInOrder) {
  EXPECT_EQ(select(SpecificVersions{{7, 3, 4}}, Versions{1, 3, 7}), (Versions{3, 7}));
  EXPECT_EQ(select(SpecificVersions{}, Versions{1, 3, 7}), Versions{});
}

TEST(VersionPolicyTest, NothingAvailableIsNothingServed) {
  EXPECT_EQ(select(LatestVersions{3}, {}), Versions{});
  EXPECT_EQ(select(AllVersions{}, {}), Versions{});
  EXPECT_EQ(select(SpecificVersions{{1}}, {}), Versions{});
}

TEST(VersionPolicyTest, SaysWhatItIs) {
  EXPECT_EQ(to_string(VersionPolicy{}), "latest 1");
  EXPECT_EQ(to_string(VersionPolicy{AllVersions{}}), "all");
  EXPECT_EQ(to_string(VersionPolicy{SpecificVersions{{1, 3}}}), "1, 3");
}

}  // namespace
}  // namespace onda::serving
