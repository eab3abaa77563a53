// What ONNX Runtime expects of a registered allocator, as far as the table alone shows it;
// memory_rules_test.cpp has the rest.
#include "runtime/ort_allocator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include "runtime/environment.h"
#include "runtime/refusal.h"
#include "support/runtime.h"

namespace onda::runtime {
namespace {

class OrtAllocatorTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kBudget = std::uint64_t{8} << 20;

  [[nodiscard]] void* allocate(std::size_t bytes) { return table()->Alloc(table(), bytes); }
  [[nodiscard]] void* reserve(std::size_t bytes) { return table()->Reserve(table(), bytes); }
  void give_back(void* block) { table()->Free(table(), block); }
  [[nodiscard]] OrtAllocator* table() { return adapter_.handle(); }

  Runtime runtime_ = test::runtime();
  std::shared_ptr<RecyclingAllocator> recycling_ =
      std::make_shared<RecyclingAllocator>(RecyclingOptions{.budget_bytes = kBudget, .background = false});
  AllocatorAdapter adapter_{runtime_.environment()->api(), recycling_, nullptr};
};

TEST_F(OrtAllocatorTest, Rule1TheTableIsOfThisVersionAndZeroWhereNothingIsOffered) {
  EXPECT_EQ(table()->version, static_cast<std::uint32_t>(ORT_API_VERSION));
  EXPECT_NE(table()->Alloc, nullptr);
  EXPECT_NE(table()->Free, nullptr);
  EXPECT_NE(table()->Info, nullptr);
  EXPECT_NE(table()->Reserve, nullptr);
  EXPECT_EQ(table()->GetStats, nullptr);
  EXPECT_EQ(table()->AllocOnStream, nullptr);
  EXPECT_EQ(table()->Shrink, nullptr);
}

TEST_F(OrtAllocatorTest, Rule2InfoIsHostMemoryOfADeviceAllocatorAndStays) {
  const OrtApi& api = runtime_.environment()->api();
  const OrtMemoryInfo* info = table()->Info(table());
  EXPECT_EQ(info, table()->Info(table()));
  OrtAllocatorType type = OrtInvalidAllocator;
  ASSERT_EQ(api.MemoryInfoGetType(info, &type), nullptr);
  EXPECT_EQ(type, OrtDeviceAllocator);
  OrtMemType memory = OrtMemTypeCPUInput;
  ASSERT_EQ(api.MemoryInfoGetMemType(info, &memory), nullptr);
  EXPECT_EQ(memory, OrtMemTypeDefault);
  const char* name = nullptr;
  ASSERT_EQ(api.MemoryInfoGetName(info, &name), nullptr);
  EXPECT_STREQ(name, "Cpu");
}

TEST_F(OrtAllocatorTest, Rule5FreeTellsBlocksOfBothKinds) {
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 20; ++i) {
    blocks.push_back(i % 2 == 0 ? allocate(1000 * (i + 1)) : reserve(1000 * (i + 1)));
    std::memset(blocks.back(), 0xab, 1000 * (i + 1));
  }
  EXPECT_EQ(adapter_.reserved_bytes(), 110'000U);
  EXPECT_GE(recycling_->statistics().live_bytes, 100'000U);
  for (void* block : blocks) give_back(block);
  EXPECT_EQ(adapter_.reserved_bytes(), 0U);
  EXPECT_EQ(recycling_->statistics().live_bytes, 0U);
  give_back(nullptr);
}

TEST_F(OrtAllocatorTest, Rule6BlocksAreAlignedForTheWidestVectors) {
  for (const std::size_t bytes : {1U, 2U, 16U, 63U, 64U, 65U, 2048U, 8192U, 100'001U, 3'211'264U}) {
    for (void* block : {allocate(bytes), reserve(bytes)}) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U) << bytes;
      give_back(block);
    }
  }
}

TEST_F(OrtAllocatorTest, Rule7NothingIsAnsweredByNullButNoBytes) {
  EXPECT_EQ(allocate(0), nullptr);
  EXPECT_EQ(reserve(0), nullptr);
  EXPECT_THROW((void)allocate(kBudget + 1), std::bad_alloc);
  EXPECT_THROW((void)allocate(SIZE_MAX), std::bad_alloc);
  void* block = allocate(1000);
  EXPECT_NE(block, nullptr) << "the allocator stays usable";
  give_back(block);
}

TEST_F(OrtAllocatorTest, Rule7AReservationThatIsTooLargeFailsByNull) {
  EXPECT_EQ(reserve(SIZE_MAX), nullptr);
  EXPECT_EQ(reserve(SIZE_MAX - 64), nullptr);
}

TEST_F(OrtAllocatorTest, ARefusalIsNotedForTheThreadThatMetIt) {
  const RefusalWatch before(RefusalWatch::Scope::thread);
  EXPECT_FALSE(before.seen());
  void* block = allocate(5000);
  EXPECT_THROW((void)allocate(kBudget + 1), std::bad_alloc);
  give_back(block);
  ASSERT_TRUE(before.seen());
  EXPECT_EQ(before.seen()->bytes, kBudget + 1);
  EXPECT_EQ(before.seen()->budget_bytes, kBudget);
  EXPECT_GE(before.seen()->held_bytes, 5000U);
  const RefusalWatch after(RefusalWatch::Scope::thread);
  EXPECT_FALSE(after.seen());
}

}  // namespace
}  // namespace onda::runtime
