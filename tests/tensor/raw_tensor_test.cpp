#include "tensor/raw_tensor.h"

#include <gtest/gtest.h>

#include <array>

#include "sample_files.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"
#include "support/tensor_matchers.h"

namespace onda::tensor {
namespace {

using test::throws_error;

TEST(RawTensor, RoundTripsEveryDTypeOfFixedSize) {
  for (const DType dtype : all_dtypes()) {
    if (dtype == DType::string) continue;
    const Tensor tensor = test::patterned(dtype, Shape{3, 5});
    EXPECT_TRUE(test::same_tensor(read_raw_tensor(tensor.bytes(), dtype, Shape{3, 5}), tensor));
  }
}

TEST(RawTensor, OneDimensionFollowsFromTheBytes) {
  const std::array<std::byte, 24> bytes{};
  EXPECT_EQ(read_raw_tensor(bytes, DType::float32, Shape{-1, 3}).shape(), (Shape{2, 3}));
  EXPECT_EQ(read_raw_tensor(bytes, DType::int2, Shape{-1}).shape(), (Shape{96}));
  EXPECT_EQ(read_raw_tensor({}, DType::float32, Shape{-1, 3}).shape(), (Shape{0, 3}));
}

TEST(RawTensor, RefusesBytesThatDoNotFillTheShape) {
  const std::array<std::byte, 10> bytes{};
  EXPECT_TRUE(throws_error([&] { return read_raw_tensor(bytes, DType::float32, Shape{3}); },
                           ErrorCode::shape_mismatch, "12", "10"));
  EXPECT_TRUE(throws_error([&] { return read_raw_tensor(bytes, DType::float32, Shape{-1}); },
                           ErrorCode::shape_mismatch, "10 bytes"));
  EXPECT_TRUE(throws_error(
      [&] {
        return read_raw_tensor(bytes, DType::int8, Shape{-1, 3});
      },
      ErrorCode::shape_mismatch));
  EXPECT_TRUE(throws_error(
      [&] {
        return read_raw_tensor(bytes, DType::int8, Shape{-1, -1});
      },
      ErrorCode::invalid_argument));
  EXPECT_TRUE(throws_error([&] { return read_raw_tensor(bytes, DType::string, Shape{10}); },
                           ErrorCode::type_mismatch));
}

TEST(RawTensor, BooleansAreZeroOrOne) {
  const std::array<std::byte, 2> bytes = {std::byte{0}, std::byte{8}};
  EXPECT_EQ(read_raw_tensor(bytes, DType::boolean, Shape{2}).bytes()[1], std::byte{1});
}

TEST(RawTensor, GivesEverythingBackWhenAnAllocationFails) {
  const std::array<std::byte, 8> bytes{};
  EXPECT_EQ(test::refusals_until_success([&](const std::shared_ptr<Allocator>& allocator) {
              const Tensor tensor = read_raw_tensor(bytes, DType::float32, Shape{-1}, allocator);
            }),
            1);
}

}  // namespace
}  // namespace onda::tensor
