#include "onda/shape.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/error_matchers.h"

namespace onda {
namespace {

using test::throws_error;
constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();

Shape of_rank(std::size_t rank, std::int64_t dim = 1) {
  return Shape(std::span<const std::int64_t>(std::vector<std::int64_t>(rank, dim)));
}

TEST(Shape, HoldsItsDimensionsInlineAndOnTheHeap) {
  for (const std::size_t rank :
       {std::size_t{0}, std::size_t{1}, Shape::kInlineRank, Shape::kInlineRank + 1, Shape::kMaxRank}) {
    Shape shape = of_rank(rank, 2);
    EXPECT_EQ(shape.rank(), rank);
    EXPECT_EQ(shape.dims().size(), rank);
    if (rank == 0) continue;
    shape[rank - 1] = 7;
    shape.dims()[0] += 1;
    EXPECT_EQ(std::as_const(shape)[rank - 1], rank == 1 ? 8 : 7);
    EXPECT_EQ(std::as_const(shape).dims()[0], rank == 1 ? 8 : 3);
  }
}

TEST(Shape, RefusesMoreThanTheHighestRank) {
  EXPECT_TRUE(
      throws_error([] { return of_rank(Shape::kMaxRank + 1); }, ErrorCode::invalid_argument, "65", "64"));
}

TEST(Shape, MovedFromIsAScalar) {
  for (const std::size_t rank : {std::size_t{3}, Shape::kInlineRank + 2}) {
    Shape from = of_rank(rank, 5);
    Shape to = std::move(from);
    EXPECT_EQ(to, of_rank(rank, 5));
    EXPECT_EQ(from, Shape());  // NOLINT(bugprone-use-after-move)
    from = std::move(to);
    EXPECT_EQ(from, of_rank(rank, 5));
    EXPECT_EQ(to.rank(), 0U);  // NOLINT(bugprone-use-after-move)
    Shape& self = from;
    from = std::move(self);
    EXPECT_EQ(from, of_rank(rank, 5));
  }
}

TEST(Shape, CopiesBetweenInlineAndHeap) {
  Shape shape = of_rank(Shape::kInlineRank + 1, 3);
  shape = Shape{4, 5};
  EXPECT_EQ(shape, (Shape{4, 5}));
  const Shape large = of_rank(Shape::kInlineRank + 1, 3);
  shape = large;
  EXPECT_EQ(shape, large);
}

TEST(Shape, EqualityLooksAtRankAndDimensions) {
  EXPECT_EQ((Shape{1, 2}), (Shape{1, 2}));
  EXPECT_NE((Shape{1, 2}), (Shape{2, 1}));
  EXPECT_NE((Shape{1}), (Shape{1, 1}));
  EXPECT_NE(Shape(), Shape{0});
}

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().element_count(), 1U);
  EXPECT_EQ((Shape{2, 3, 5}).element_count(), 30U);
  EXPECT_EQ((Shape{2, 0, 5}).element_count(), 0U);
  EXPECT_EQ(Shape{kHuge}.element_count(), static_cast<std::size_t>(kHuge));
}

TEST(Shape, RefusesCountsThatOverflow) {
  EXPECT_TRUE(throws_error(
      [] {
        return Shape{kHuge, 2}.element_count();
      },
      ErrorCode::invalid_argument, "[9223372036854775807,2]"));
  EXPECT_TRUE(throws_error(
      [] {
        return Shape{1LL << 32, 1LL << 31}.element_count();
      },
      ErrorCode::invalid_argument));
  EXPECT_EQ((Shape{1LL << 32, (1LL << 31) - 1}).element_count(), ((1ULL << 31U) - 1) << 32U);
  EXPECT_TRUE(throws_error(
      [] {
        return Shape{0, kHuge, 2}.element_count();
      },
      ErrorCode::invalid_argument))
      << "an empty tensor of an absurd shape is refused, as in NumPy";
}

TEST(Shape, RefusesToCountADynamicOne) {
  EXPECT_TRUE(throws_error(
      [] {
        return Shape{-1, 2}.element_count();
      },
      ErrorCode::invalid_argument, "[?,2]"));
  EXPECT_TRUE(throws_error([] { return Shape{0, -7}.element_count(); }, ErrorCode::invalid_argument));
}

TEST(Shape, IsWrittenWithTheNamesOfDynamicDimensions) {
  const std::vector<std::string> names = {"N", "", "H"};
  EXPECT_EQ(to_string(Shape()), "[]");
  EXPECT_EQ(to_string(Shape{1, 3, 224, 224}), "[1,3,224,224]");
  EXPECT_EQ(to_string(Shape{-1, -1, 5, -1}, names), "[N,?,5,?]");
  EXPECT_EQ(to_string(Shape{-1, 3}), "[?,3]");
}

TEST(Shape, IsReadInAllItsForms) {
  EXPECT_EQ(parse_shape("1,3,224,224"), (Shape{1, 3, 224, 224}));
  EXPECT_EQ(parse_shape("[1, 3]"), (Shape{1, 3}));
  EXPECT_EQ(parse_shape("1x3x224"), (Shape{1, 3, 224}));
  EXPECT_EQ(parse_shape(" [ -1 , ?,0 ] "), (Shape{-1, -1, 0}));
  EXPECT_EQ(parse_shape(""), Shape());
  EXPECT_EQ(parse_shape("[]"), Shape());
  EXPECT_EQ(parse_shape("[ ]"), Shape());
  EXPECT_EQ(parse_shape("7"), Shape{7});
  EXPECT_EQ(parse_shape("9223372036854775807"), Shape{kHuge});
}

TEST(Shape, ReadsBackWhatItWrites) {
  for (const Shape& shape : {Shape(), Shape{0}, Shape{-1, 3, -1}, of_rank(Shape::kMaxRank, 11)}) {
    EXPECT_EQ(parse_shape(to_string(shape)), shape);
  }
}

TEST(Shape, RefusesTextThatIsNone) {
  for (const std::string_view text :
       {"1,,2", "1,", ",1", "a", "1 2", "[1", "1]", "[", "-2", "1,-2", "1.5", "1e3", "+1",
        "9223372036854775808", "1x2,3", "[[1]]", "0x10x", "1;2", "N,3"}) {
    EXPECT_TRUE(
        throws_error([&] { return parse_shape(text); }, ErrorCode::invalid_argument, text, "1,3,224,224"))
        << text;
  }
  std::string many = "1";
  for (std::size_t i = 0; i < Shape::kMaxRank; ++i) many += ",1";
  EXPECT_TRUE(throws_error([&] { return parse_shape(many); }, ErrorCode::invalid_argument, "too many"));
  EXPECT_TRUE(throws_error([&] { return parse_shape("1,\n2\n,x"); }, ErrorCode::invalid_argument, "\\x0a"));
}

TEST(ShapePolicy, NamesReadBackAndOthersAreRefused) {
  for (const auto policy : {ShapePolicy::strict, ShapePolicy::reshape, ShapePolicy::broadcast}) {
    EXPECT_EQ(parse_shape_policy(to_string(policy)), policy);
  }
  EXPECT_TRUE(throws_error([] { return parse_shape_policy("loose"); }, ErrorCode::invalid_argument,
                           "\"loose\"", "strict", "reshape", "broadcast"));
  EXPECT_EQ(to_string(static_cast<ShapePolicy>(9)), "unknown");
}

}  // namespace
}  // namespace onda
