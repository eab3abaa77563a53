#include "onda/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/error_matchers.h"
#include "support/failing_allocator.h"

namespace onda {
namespace {

using test::FailingAllocator;
using test::throws_error;

void expect_empty(const Tensor& tensor) {
  EXPECT_EQ(tensor.dtype(), DType::undefined);
  EXPECT_EQ(tensor.element_count(), 0U);
  EXPECT_EQ(tensor.shape().rank(), 0U);
  EXPECT_TRUE(tensor.bytes().empty());
  EXPECT_TRUE(tensor.strings().empty());
  EXPECT_EQ(tensor.view().dtype(), DType::undefined);
}

TEST(TensorView, BorrowsTypedElements) {
  const std::array<float, 6> values = {1, 2, 3, 4, 5, 6};
  const auto view = TensorView::of<float>({2, 3}, values);
  EXPECT_EQ(view.dtype(), DType::float32);
  EXPECT_EQ(view.shape(), (Shape{2, 3}));
  EXPECT_EQ(view.element_count(), 6U);
  EXPECT_EQ(view.as<float>().data(), values.data());
  EXPECT_EQ(view.bytes().size(), 24U);
}

TEST(TensorView, RefusesBytesThatDoNotFillTheShape) {
  const std::array<std::byte, 8> bytes{};
  EXPECT_TRUE(throws_error([&] { return TensorView(DType::float32, Shape{3}, bytes); },
                           ErrorCode::shape_mismatch, "float32 [3]", "12", "8"));
  EXPECT_TRUE(
      throws_error([&] { return TensorView(DType::float32, Shape{1}, bytes); }, ErrorCode::shape_mismatch));
  EXPECT_TRUE(
      throws_error([&] { return TensorView(DType::int8, Shape{-1}, bytes); }, ErrorCode::invalid_argument));
  EXPECT_NO_THROW(TensorView(DType::int4, Shape{15}, bytes));
}

TEST(TensorView, RefusesBytesForStrings) {
  EXPECT_TRUE(throws_error([] { return TensorView(DType::string, Shape{0}, std::span<const std::byte>()); },
                           ErrorCode::type_mismatch, "string"));
  EXPECT_TRUE(
      throws_error([] { return TensorView(DType::undefined, Shape{0}, std::span<const std::byte>()); },
                   ErrorCode::type_mismatch));
}

TEST(TensorView, CountsStrings) {
  const std::vector<std::string> strings = {"a", "b"};
  EXPECT_EQ(TensorView(Shape{2, 1}, strings).strings().data(), strings.data());
  EXPECT_TRUE(
      throws_error([&] { return TensorView(Shape{3}, strings); }, ErrorCode::shape_mismatch, "3", "2"));
}

TEST(TensorView, RefusesToReadAsAnotherType) {
  const std::array<float, 2> values = {1, 2};
  const auto view = TensorView::of<float>({2}, values);
  EXPECT_TRUE(
      throws_error([&] { return view.as<std::int32_t>(); }, ErrorCode::type_mismatch, "float32", "int32"));
  EXPECT_TRUE(throws_error([&] { return TensorView().as<float>(); }, ErrorCode::type_mismatch, "undefined"));
}

TEST(TensorView, RefusesTypedReadsOfBytesThatAreNotAligned) {
  alignas(8) const std::array<std::byte, 9> bytes{};
  const TensorView view(DType::float64, Shape{1}, std::span(bytes).subspan(1));
  EXPECT_TRUE(throws_error([&] { return view.as<double>(); }, ErrorCode::type_mismatch, "aligned"));
}

TEST(MutableTensorView, MayBeLargerThanNeededNotSmaller) {
  std::array<float, 8> values{};
  const auto view = MutableTensorView::of<float>({2, 3}, values);
  EXPECT_EQ(view.bytes().size(), 32U);
  EXPECT_EQ(view.view().bytes().size(), 24U);
  EXPECT_EQ(view.view().as<float>().data(), values.data());
  EXPECT_TRUE(throws_error(
      [&] {
        return MutableTensorView::of<float>({3, 3}, values);
      },
      ErrorCode::shape_mismatch, "36", "32"));
  EXPECT_TRUE(
      throws_error([] { return MutableTensorView(DType::string, Shape{0}, {}); }, ErrorCode::type_mismatch));
  EXPECT_EQ(MutableTensorView().view().dtype(), DType::undefined);
}

TEST(Tensor, DefaultIsEmpty) {
  Tensor tensor;
  expect_empty(tensor);
  expect_empty(tensor.clone());
  EXPECT_TRUE(tensor.mutable_view().bytes().empty());
}

TEST(Tensor, OwnsElementsOfEveryDType) {
  for (const DType dtype : all_dtypes()) {
    Tensor tensor(dtype, Shape{3, 5});
    EXPECT_EQ(tensor.dtype(), dtype);
    EXPECT_EQ(tensor.element_count(), 15U);
    EXPECT_EQ(tensor.view().element_count(), 15U);
    if (dtype == DType::string) {
      EXPECT_EQ(tensor.strings().size(), 15U);
      EXPECT_TRUE(tensor.bytes().empty());
      continue;
    }
    EXPECT_EQ(tensor.bytes().size(), byte_size(dtype, 15));
    EXPECT_TRUE(tensor.strings().empty());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes().data()) % Allocator::kAlignment, 0U);
    std::memset(tensor.bytes().data(), 1, tensor.bytes().size());
  }
}

TEST(Tensor, ScalarsAndEmptyShapesWork) {
  EXPECT_EQ(Tensor(DType::float32, Shape()).bytes().size(), 4U);
  Tensor none(DType::float32, Shape{0, 3});
  EXPECT_EQ(none.element_count(), 0U);
  EXPECT_TRUE(none.as<float>().empty());
  EXPECT_EQ(none.clone().shape(), (Shape{0, 3}));
  EXPECT_EQ(Tensor(DType::string, Shape{2, 0}).strings().size(), 0U);
}

TEST(Tensor, MakesOneAllocationAndGivesItBack) {
  auto allocator = std::make_shared<FailingAllocator>();
  {
    const Tensor tensor(DType::float32, Shape{5, 7}, allocator);
    EXPECT_EQ(allocator->calls(), 1U);
    EXPECT_EQ(allocator->statistics().live_bytes, 140U);
    const Tensor copy = tensor.clone(allocator);
    EXPECT_EQ(allocator->calls(), 2U);
  }
  EXPECT_EQ(allocator->live_blocks(), 0);
}

TEST(Tensor, KeepsItsAllocatorAlive) {
  auto allocator = std::make_shared<FailingAllocator>();
  const std::weak_ptr<FailingAllocator> watch = allocator;
  {
    const Tensor tensor(DType::int8, Shape{3}, std::move(allocator));
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Tensor, RefusesShapesThatAreNone) {
  EXPECT_TRUE(throws_error([] { return Tensor(DType::int8, Shape{-1}); }, ErrorCode::invalid_argument));
  EXPECT_TRUE(throws_error([] { return Tensor(DType::undefined, Shape{1}); }, ErrorCode::invalid_argument));
  const std::int64_t max = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(throws_error([&] { return Tensor(DType::int8, Shape{max, 3}); }, ErrorCode::invalid_argument));
  EXPECT_TRUE(
      throws_error([&] { return Tensor(DType::complex128, Shape{max}); }, ErrorCode::invalid_argument));
  EXPECT_TRUE(throws_error([&] { return Tensor(DType::int8, Shape{max}); }, ErrorCode::resource_exhausted));
  EXPECT_TRUE(throws_error([&] { return Tensor(DType::string, Shape{max}); }, ErrorCode::resource_exhausted));
}

TEST(Tensor, MovedFromIsEmpty) {
  for (const DType dtype : {DType::float32, DType::string}) {
    Tensor from(dtype, Shape{2, 1, 1, 1, 1, 1, 1, 3});
    Tensor to(std::move(from));
    expect_empty(from);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(to.element_count(), 6U);
    from = std::move(to);
    expect_empty(to);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(from.view().element_count(), 6U);
    Tensor& self = from;
    from = std::move(self);
    EXPECT_EQ(from.view().element_count(), 6U);
  }
}

TEST(Tensor, MoveAssignmentGivesTheOldBufferBack) {
  auto allocator = std::make_shared<FailingAllocator>();
  Tensor tensor(DType::int8, Shape{3}, allocator);
  tensor = Tensor(DType::int8, Shape{4}, allocator);
  EXPECT_EQ(allocator->live_blocks(), 1);
  EXPECT_EQ(allocator->statistics().live_bytes, 4U);
}

TEST(Tensor, CopiesAViewDeeply) {
  std::array<std::int32_t, 3> values = {1, 2, 3};
  const Tensor tensor = Tensor::of<std::int32_t>({3}, values);
  values[0] = 9;
  EXPECT_EQ(tensor.as<std::int32_t>()[0], 1);
  const std::vector<std::string> words = {"x", "a long string that does not fit inline"};
  const Tensor strings = Tensor::copy_of(TensorView(Shape{2}, words));
  EXPECT_EQ(strings.strings()[1], words[1]);
  EXPECT_EQ(strings.clone().strings()[1], words[1]);
}

TEST(Tensor, TakesStringsOver) {
  const Tensor tensor = Tensor::of_strings({1, 2}, {"a", "b"});
  EXPECT_EQ(tensor.dtype(), DType::string);
  EXPECT_EQ(tensor.view().strings()[1], "b");
  EXPECT_TRUE(throws_error([] { return Tensor::of_strings({3}, {"a"}); }, ErrorCode::shape_mismatch));
}

TEST(Tensor, AdoptedElementsLiveAsLongAsTheTensor) {
  auto owner = std::make_shared<std::vector<std::byte>>(12);
  const std::weak_ptr<void> watch = owner;
  {
    const std::span<std::byte> bytes = *owner;
    Tensor tensor = Tensor::adopt(DType::float32, Shape{3}, bytes, std::move(owner));
    tensor.as<float>()[2] = 1.5F;
    EXPECT_EQ(tensor.bytes().data(), bytes.data());
    const Tensor moved = std::move(tensor);
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(moved.as<float>()[2], 1.5F);
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Tensor, AdoptRefusesBytesThatDoNotFit) {
  std::array<std::byte, 12> bytes{};
  EXPECT_TRUE(throws_error([&] { return Tensor::adopt(DType::float32, Shape{2}, bytes, nullptr); },
                           ErrorCode::shape_mismatch));
  EXPECT_TRUE(throws_error([&] { return Tensor::adopt(DType::string, Shape{2}, bytes, nullptr); },
                           ErrorCode::type_mismatch));
}

TEST(Tensor, ReshapesWithoutACopy) {
  Tensor tensor(DType::float32, Shape{2, 3});
  const auto* data = tensor.bytes().data();
  const Tensor reshaped = std::move(tensor).reshaped(Shape{3, 2});
  EXPECT_EQ(reshaped.bytes().data(), data);
  EXPECT_EQ(reshaped.shape(), (Shape{3, 2}));
  Tensor other(DType::float32, Shape{2, 3});
  EXPECT_TRUE(throws_error([&] { return std::move(other).reshaped(Shape{7}); }, ErrorCode::shape_mismatch,
                           "[2,3]", "[7]"));
  EXPECT_EQ(other.element_count(), 6U) << "a refused reshape leaves the tensor as it was";
  EXPECT_TRUE(throws_error([] { return Tensor().reshaped(Shape{0}); }, ErrorCode::shape_mismatch));
}

TEST(Tensor, GivesEverythingBackWhenAnAllocationFails) {
  const std::array<float, 6> values = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(test::refusals_until_success([&](const std::shared_ptr<Allocator>& allocator) {
              const Tensor first = Tensor::copy_of(TensorView::of<float>({2, 3}, values), allocator);
              const Tensor second = first.clone(allocator);
              const Tensor third(DType::uint4, Shape{9}, allocator);
            }),
            3);
}

}  // namespace
}  // namespace onda
