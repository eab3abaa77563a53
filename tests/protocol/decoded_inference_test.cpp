#include "protocol/decoded_inference.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <new>
#include <set>

namespace onda::protocol {
namespace {

std::uintptr_t address(const void* at) { return reinterpret_cast<std::uintptr_t>(at); }

TEST(DecodedStorageTest, GivesAlignedPiecesThatDoNotOverlap) {
  DecodedStorage storage;
  std::map<std::uintptr_t, std::uintptr_t> pieces;
  for (const std::size_t bytes : {1U, 63U, 64U, 65U, 5000U, 100'000U, 3U}) {
    const auto piece = storage.allocate(bytes);
    ASSERT_EQ(piece.size(), bytes);
    EXPECT_EQ(address(piece.data()) % 64, 0U);
    std::memset(piece.data(), 0xAB, bytes);
    EXPECT_TRUE(pieces.emplace(address(piece.data()), address(piece.data() + bytes)).second);
  }
  std::uintptr_t last_end = 0;
  for (const auto& [begin, end] : pieces) {
    EXPECT_GE(begin, last_end);
    last_end = end;
  }
  EXPECT_TRUE(storage.allocate(0).empty());
}

TEST(DecodedStorageTest, ReusesItsMemory) {
  DecodedStorage storage;
  std::set<const void*> first;
  for (int i = 0; i < 3; ++i) first.insert(storage.allocate(10'000).data());
  const std::string* const strings = storage.allocate_strings(5).data();
  storage.clear();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(first.contains(storage.allocate(10'000).data()));
  EXPECT_EQ(storage.allocate_strings(4).data(), strings);
}

TEST(DecodedStorageTest, GivesEmptyStringsThatStayWhereTheyAre) {
  DecodedStorage storage;
  const auto first = storage.allocate_strings(2);
  first[0] = "a string that is too long for the small-string buffer";
  for (int i = 0; i < 100; ++i) (void)storage.allocate_strings(3);
  EXPECT_EQ(first[0], "a string that is too long for the small-string buffer");
  storage.clear();
  for (const std::string& text : storage.allocate_strings(2)) EXPECT_EQ(text, "");
}

TEST(DecodedStorageTest, RefusesWhatNoMachineHolds) {
  DecodedStorage storage;
  EXPECT_THROW((void)storage.allocate(~std::size_t{0}), std::bad_alloc);
  EXPECT_THROW((void)storage.allocate((std::size_t{1} << 48U) + 1), std::bad_alloc);
}

TEST(DecodedStorageTest, GivesBackWhatIsBeyondTheBound) {
  DecodedStorage storage;
  const void* const small = storage.allocate(100).data();
  (void)storage.allocate(10'000'000);
  storage.shrink(1'000'000);
  EXPECT_EQ(storage.allocate(100).data(), small);
  storage.shrink(0);
  EXPECT_EQ(storage.allocate(200).size(), 200U);
}

TEST(DecodedInferenceTest, IsEmptyAfterClear) {
  DecodedInference decoded;
  decoded.id = "x";
  decoded.inputs.push_back({});
  decoded.outputs.push_back({});
  decoded.binary_by_default = true;
  decoded.priority = 3;
  decoded.timeout_us = 4;
  decoded.clear();
  EXPECT_EQ(decoded.id, "");
  EXPECT_TRUE(decoded.inputs.empty());
  EXPECT_TRUE(decoded.outputs.empty());
  EXPECT_FALSE(decoded.binary_by_default);
  EXPECT_EQ(decoded.priority, 0U);
  EXPECT_EQ(decoded.timeout_us, 0U);
}

}  // namespace
}  // namespace onda::protocol
