#include "memory/region_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "memory/address_space.h"

namespace onda::memory {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

Region::Shape shape_of(std::size_t bytes) { return {.bytes = bytes, .granule_bytes = 64 * 1024}; }

TEST(RegionTable, KnowsTheAddressesOfItsRegionsAndNoOthers) {
  RegionTable table;
  Region* small = table.open(shape_of(2 * kMegabyte));
  Region* large = table.open(shape_of(200 * kMegabyte));
  ASSERT_NE(small, nullptr);
  ASSERT_NE(large, nullptr);
  for (Region* region : {small, large}) {
    const std::size_t bytes = region->pages() * Region::kPageBytes;
    EXPECT_EQ(table.find(region->begin()), region);
    EXPECT_EQ(table.find(region->begin() + bytes - 1), region);
    EXPECT_NE(table.find(region->begin() + bytes), region);
    EXPECT_NE(table.find(region->begin() - 1), region);
  }
  const int local = 0;
  EXPECT_EQ(table.find(&local), nullptr);
  EXPECT_EQ(table.find(nullptr), nullptr);
  EXPECT_EQ(table.find(reinterpret_cast<void*>(~std::uintptr_t{0})), nullptr);
}

TEST(RegionTable, ForgetsAClosedRegionAndUsesItsPlaceAgain) {
  RegionTable table;
  for (int round = 0; round < 1000; ++round) {
    Region* region = table.open(shape_of(64 * kMegabyte));
    ASSERT_NE(region, nullptr);
    EXPECT_EQ(region->index(), 0U);
    const std::byte* begin = region->begin();
    table.close(*region);
    EXPECT_EQ(table.find(begin), nullptr);
  }
  EXPECT_EQ(table.end(), 0U);
}

TEST(RegionTable, RefusesMoreThanItHasRoomFor) {
  RegionTable table;
  for (std::size_t i = 0; i < RegionTable::kCapacity; ++i)
    ASSERT_NE(table.open(shape_of(kMegabyte)), nullptr);
  EXPECT_EQ(table.open(shape_of(kMegabyte)), nullptr);
  table.close(table.at(100));
  Region* region = table.open(shape_of(kMegabyte));
  ASSERT_NE(region, nullptr);
  EXPECT_EQ(region->index(), 100U);
}

TEST(RegionTable, RefusesWhatTheSystemDoesNotHave) {
  RegionTable table;
  EXPECT_EQ(table.open(shape_of(std::size_t{1} << 47)), nullptr);
}

TEST(RegionTableThreads, IsReadWhileRegionsComeAndGo) {
  RegionTable table;
  Region* kept = table.open(shape_of(kMegabyte));
  ASSERT_NE(kept, nullptr);
  std::atomic<const std::byte*> last{nullptr};
  std::atomic<bool> is_done{false};
  std::jthread reader([&] {
    while (!is_done) {
      ASSERT_EQ(table.find(kept->begin() + kMegabyte - 1), kept);
      (void)table.find(last);
    }
  });
  for (int i = 0; i < 300; ++i) {
    Region* region = table.open(shape_of(kMegabyte));
    ASSERT_NE(region, nullptr);
    last = region->begin();
    ASSERT_EQ(table.find(last), region);
    table.close(*region);
  }
  is_done = true;
}

}  // namespace
}  // namespace onda::memory
