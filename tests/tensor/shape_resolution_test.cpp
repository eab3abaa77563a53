#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "onda/shape.h"
#include "plain_reference.h"
#include "support/error_matchers.h"

namespace onda {
namespace {

using test::Dims;
using test::shape_of;
using test::throws_error;

constexpr std::int64_t kAny = Shape::kDynamic;
constexpr auto kStrict = ShapePolicy::strict;
constexpr auto kReshape = ShapePolicy::reshape;
constexpr auto kBroadcast = ShapePolicy::broadcast;

const std::vector<std::string> kBatch = {"N", "", "", ""};
const Shape kImages{kAny, 3, 224, 224};

std::size_t count_of(const Shape& shape) { return shape.element_count(); }

Shape resolve(const Shape& given, const Shape& declared, ShapePolicy policy) {
  return resolve_shape(given, count_of(given), declared, policy, kBatch).shape;
}

testing::AssertionResult refuses(const Shape& given, const Shape& declared, ShapePolicy policy) {
  return throws_error([&] { return resolve(given, declared, policy); }, ErrorCode::shape_mismatch,
                      to_string(given), to_string(declared, kBatch));
}

// The least policy that accepts, and what it makes of the shape.
void expect_from(ShapePolicy least, const Shape& given, const Shape& declared, const Shape& expected) {
  for (const auto policy : {kStrict, kReshape, kBroadcast}) {
    if (policy < least) {
      EXPECT_TRUE(refuses(given, declared, policy)) << to_string(policy);
    } else {
      EXPECT_EQ(resolve(given, declared, policy), expected) << to_string(given) << " " << to_string(policy);
    }
  }
}

void expect_never(const Shape& given, const Shape& declared) {
  for (const auto policy : {kStrict, kReshape, kBroadcast}) EXPECT_TRUE(refuses(given, declared, policy));
}

TEST(ResolveShape, TheDesignsExamples) {
  expect_from(kStrict, {1, 3, 224, 224}, kImages, {1, 3, 224, 224});
  expect_from(kReshape, {3, 224, 224}, kImages, {1, 3, 224, 224});
  expect_from(kReshape, {301056}, kImages, {2, 3, 224, 224});
  expect_from(kBroadcast, {1, 1, 224, 224}, kImages, {1, 3, 224, 224});
  expect_never({1, 224, 224, 3}, kImages);
  expect_never({6}, {kAny, kAny});
  expect_from(kStrict, Shape(), Shape(), Shape());
  expect_from(kReshape, {1}, Shape(), Shape());
}

TEST(ResolveShape, ADynamicDimensionTakesAnySize) {
  for (const std::int64_t size : {0, 1, 2, 7, 1009}) expect_from(kStrict, {size, 3}, {kAny, 3}, {size, 3});
  expect_from(kStrict, {5, 7}, {kAny, kAny}, {5, 7});
}

TEST(ResolveShape, OnesAreAddedAndDroppedAtEitherEnd) {
  expect_from(kReshape, {5}, {1, 5}, {1, 5});
  expect_from(kReshape, {5}, {5, 1}, {5, 1});
  expect_from(kReshape, {5}, {1, 5, 1}, {1, 5, 1});
  expect_from(kReshape, {1, 1, 5}, {5}, {5});
  expect_from(kReshape, {5, 1}, {5}, {5});
  expect_from(kReshape, {1, 5, 7}, {kAny, kAny}, {5, 7});
  expect_from(kReshape, {5, 768}, {kAny, kAny, 768}, {1, 5, 768});
  expect_from(kReshape, Shape(), {1, 1}, {1, 1});
  expect_from(kReshape, Shape(), {kAny, kAny}, {1, 1});
  expect_from(kReshape, {1, 1, 1}, Shape(), Shape());
  expect_never({2}, Shape());
}

TEST(ResolveShape, WhatFitsInSeveralPlacesIsRefused) {
  EXPECT_TRUE(throws_error(
      [] {
        return resolve({6}, {kAny, kAny}, kReshape);
      },
      ErrorCode::shape_mismatch, "[6,1]", "[1,6]", "[6]", "[N,?]"));
  expect_never({3, 224, 224}, {kAny, kAny, kAny, kAny});
  expect_never({1, 5, 1}, {kAny, kAny});
}

TEST(ResolveShape, TheCountDeterminesOneDynamicDimension) {
  expect_from(kReshape, {2, 3, 5}, {kAny}, {30});
  expect_from(kReshape, {30}, {2, kAny, 3}, {2, 5, 3});
  expect_from(kReshape, {30}, {2, 5, 3}, {2, 5, 3});
  expect_from(kReshape, {0}, {kAny, 3, 5}, {0, 3, 5});
  expect_never({31}, {2, kAny, 3});
  expect_never({31}, {2, 5, 3});
  EXPECT_TRUE(throws_error([] { return resolve({301057}, kImages, kReshape); }, ErrorCode::shape_mismatch,
                           "[301057]", "[N,3,224,224]", "dimension 0 (N)", "150528"));
}

TEST(ResolveShape, EmptyTensorsDetermineNothingBesideAFixedZero) {
  expect_never({0, 2, 3}, {kAny, 0});
  expect_from(kStrict, {7, 0}, {kAny, 0}, {7, 0});
  expect_from(kReshape, {0}, {kAny, 0}, {1, 0});
}

TEST(ResolveShape, TheSameRankIsNeverReshaped) {
  expect_never({3, 2}, {2, 3});
  expect_never({2, 3}, {kAny, 2});
  expect_never({224, 224, 3, 1}, kImages);
}

TEST(ResolveShape, OnesRepeatTowardsFixedDimensions) {
  expect_from(kBroadcast, {1, 5}, {3, 5}, {3, 5});
  expect_from(kBroadcast, {7}, {kAny, 5, 7}, {1, 5, 7});
  expect_from(kBroadcast, {1, 224, 224}, kImages, {1, 3, 224, 224});
  expect_from(kBroadcast, {224, 224}, kImages, {1, 3, 224, 224});
  expect_from(kBroadcast, {5, 1}, {kAny, 5, 4}, {1, 5, 4});
  expect_from(kBroadcast, {1, 2}, {0, 2}, {0, 2});
  expect_from(kBroadcast, Shape(), {3, kAny}, {3, 1});
  expect_never({2, 5}, {3, 5});
  expect_never({2, 1, 5}, {5, 5});
  expect_never({0, 5}, {3, 5});
}

TEST(ResolveShape, SaysWhetherTheDataMustBeRepeated) {
  EXPECT_TRUE(resolve_shape({1, 5}, 5, {3, 5}, kBroadcast).needs_broadcast);
  EXPECT_TRUE(resolve_shape({1, 5}, 5, {0, 5}, kBroadcast).needs_broadcast);
  EXPECT_FALSE(resolve_shape({5}, 5, {kAny, 5}, kBroadcast).needs_broadcast);
  EXPECT_FALSE(resolve_shape({1, 0}, 0, {3, 0}, kBroadcast).needs_broadcast);
}

TEST(ResolveShape, InfersTheOneOpenDimensionOfWhatIsGiven) {
  const auto resolved = resolve_shape({kAny, 3, 224, 224}, 301056, kImages, kStrict);
  EXPECT_EQ(resolved.shape, (Shape{2, 3, 224, 224}));
  EXPECT_EQ(resolved.given, (Shape{2, 3, 224, 224}));
  EXPECT_EQ(resolve_shape({3, kAny}, 0, {3, kAny}, kStrict).shape, (Shape{3, 0}));
  EXPECT_EQ(resolve_shape({kAny}, 150528, kImages, kReshape).shape, (Shape{1, 3, 224, 224}));
  EXPECT_TRUE(throws_error(
      [] {
        return resolve_shape({kAny, 4}, 6, {kAny, 4}, kBroadcast);
      },
      ErrorCode::shape_mismatch, "[?,4]", "dimension 0", "6 elements"));
  EXPECT_TRUE(throws_error(
      [] {
        return resolve_shape({kAny, 0}, 0, {kAny, 0}, kBroadcast);
      },
      ErrorCode::shape_mismatch, "dimension 0"));
  EXPECT_TRUE(throws_error(
      [] {
        return resolve_shape({kAny, kAny}, 6, {kAny, kAny}, kBroadcast);
      },
      ErrorCode::invalid_argument, "[?,?]"));
}

TEST(ResolveShape, RefusesElementsThatDoNotFillTheShape) {
  EXPECT_TRUE(throws_error(
      [] {
        return resolve_shape({2, 3}, 5, {kAny, 3}, kBroadcast);
      },
      ErrorCode::shape_mismatch, "[2,3]", "[?,3]", "6", "5"));
  EXPECT_TRUE(
      throws_error([] { return resolve_shape(Shape(), 0, Shape(), kStrict); }, ErrorCode::shape_mismatch));
}

TEST(ResolveShape, NamesTheDimensionAtFault) {
  EXPECT_TRUE(throws_error(
      [] {
        return resolve({1, 224, 224, 3}, kImages, kStrict);
      },
      ErrorCode::shape_mismatch, "[1,224,224,3]", "[N,3,224,224]", "dimension 1 is 224, expected 3",
      "strict"));
  EXPECT_TRUE(throws_error(
      [] {
        return resolve({1, 224, 224, 3}, kImages, kBroadcast);
      },
      ErrorCode::shape_mismatch, "dimension 3 is 3, expected 224 or 1"));
  EXPECT_TRUE(throws_error(
      [] {
        return resolve({3, 224}, kImages, kStrict);
      },
      ErrorCode::shape_mismatch, "rank 2, expected 4: dimension 2 is missing"));
  EXPECT_TRUE(throws_error(
      [] {
        return resolve({1, 3, 224, 224, 1}, kImages, kStrict);
      },
      ErrorCode::shape_mismatch, "rank 5, expected 4: dimension 4 is one too many"));
}

TEST(ResolveShape, SaysWhichPolicyWouldAccept) {
  EXPECT_TRUE(throws_error(
      [] {
        return resolve({3, 224, 224}, kImages, kStrict);
      },
      ErrorCode::shape_mismatch, "policy reshape would make it [1,3,224,224]"));
  EXPECT_TRUE(throws_error(
      [] {
        return resolve({1, 1, 224, 224}, kImages, kReshape);
      },
      ErrorCode::shape_mismatch, "policy broadcast would make it [1,3,224,224]"));
}

TEST(ResolveShape, RefusesWhatIsNoShape) {
  const std::int64_t max = std::numeric_limits<std::int64_t>::max();
  const auto none = ErrorCode::invalid_argument;
  EXPECT_TRUE(throws_error([] { return resolve_shape({-2}, 2, {2}, kStrict); }, none, "dimension 0"));
  EXPECT_TRUE(throws_error([] { return resolve_shape({2}, 2, {2, -3}, kStrict); }, none, "dimension 1"));
  EXPECT_TRUE(throws_error([&] { return resolve_shape({max, 2}, 2, {kAny, 2}, kStrict); }, none));
  EXPECT_TRUE(throws_error([&] { return resolve_shape({max, kAny, 3}, 2, {kAny, 2}, kStrict); }, none));
  EXPECT_TRUE(throws_error([&] { return resolve_shape({2}, 2, {max, max, kAny}, kReshape); }, none));
  EXPECT_TRUE(throws_error([&] { return resolve_shape({1, 4}, 4, {max, kAny}, kBroadcast); }, none));
  EXPECT_TRUE(throws_error(
      [] { return resolve_shape({kAny}, std::numeric_limits<std::size_t>::max(), {kAny}, kStrict); }, none));
}

TEST(ResolveShape, WorksAtTheHighestRank) {
  const Shape deep = shape_of(Dims(Shape::kMaxRank, 1));
  const Shape open = shape_of(Dims(Shape::kMaxRank, kAny));
  expect_from(kStrict, deep, open, deep);
  expect_from(kReshape, deep, Shape(), Shape());
  expect_from(kReshape, {1}, open, deep);
}

TEST(ResolveShape, TowardsFixedShapesItBroadcastsAsNumPyDoes) {
  std::mt19937 random(7);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    const Dims target = test::random_dims(random, 4);
    const Dims source =
        round % 2 == 0 ? test::random_source_for(random, target) : test::random_dims(random, 4);
    const auto common = test::plain_common_shape(source, target);
    const bool broadcasts = common && *common == target;
    const Shape given = shape_of(source);
    const Shape declared = shape_of(target);
    try {
      EXPECT_EQ(resolve_shape(given, count_of(given), declared, kBroadcast).shape, declared);
      // What NumPy refuses may still be a reshape: another rank, as many elements.
      EXPECT_TRUE(broadcasts || (source.size() != target.size() && count_of(given) == count_of(declared)))
          << to_string(given) << " " << to_string(declared);
      ++accepted;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::shape_mismatch);
      EXPECT_FALSE(broadcasts) << error.what();
    }
  }
  EXPECT_GT(accepted, 9000);
}

TEST(ResolveShape, WhatItAcceptsObeysItsRulesForDynamicShapes) {
  std::mt19937 random(11);
  int accepted[3] = {};
  for (int round = 0; round < 30000; ++round) {
    Dims declared = test::random_dims(random, 4);
    const Dims given =
        round % 2 == 0 ? test::random_source_for(random, declared) : test::random_dims(random, 4);
    for (auto& dim : declared) {
      if (random() % 3 == 0) dim = kAny;
    }
    const Shape from = shape_of(given);
    bool was_accepted = false;
    for (const auto policy : {kStrict, kReshape, kBroadcast}) {
      ResolvedShape resolved;
      try {
        resolved = resolve_shape(from, count_of(from), shape_of(declared), policy);
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::shape_mismatch) << error.what();
        ASSERT_FALSE(was_accepted) << "each level includes those before it: " << error.what();
        continue;
      }
      was_accepted = true;
      ++accepted[static_cast<int>(policy)];
      ASSERT_EQ(resolved.shape.rank(), declared.size());
      for (std::size_t axis = 0; axis < declared.size(); ++axis) {
        if (declared[axis] != kAny) {
          ASSERT_EQ(resolved.shape[axis], declared[axis]);
        }
      }
      if (policy == kStrict) {
        ASSERT_EQ(resolved.shape, from);
      }
      if (policy != kBroadcast) {
        ASSERT_EQ(count_of(resolved.shape), count_of(from));
      }
      if (given.size() == declared.size() && policy == kReshape) {
        ASSERT_EQ(resolved.shape, from);
      }
      const Dims result(resolved.shape.dims().begin(), resolved.shape.dims().end());
      if (resolved.needs_broadcast) {
        ASSERT_EQ(test::plain_common_shape(given, result), result);
      }
    }
  }
  EXPECT_GT(accepted[0], 1000);
  EXPECT_GT(accepted[1], accepted[0]);
  EXPECT_GT(accepted[2], accepted[1]);
}

TEST(BroadcastShapes, FollowsNumPy) {
  EXPECT_EQ(broadcast_shapes({3, 1}, {5}), (Shape{3, 5}));
  EXPECT_EQ(broadcast_shapes(Shape(), {2, 3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast_shapes({0}, {1}), (Shape{0}));
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    const Dims a = test::random_dims(random, 5);
    const Dims b = test::random_dims(random, 5);
    const auto expected = test::plain_common_shape(a, b);
    if (expected) {
      ASSERT_EQ(broadcast_shapes(shape_of(a), shape_of(b)), shape_of(*expected));
    } else {
      ASSERT_TRUE(throws_error([&] { return broadcast_shapes(shape_of(a), shape_of(b)); },
                               ErrorCode::shape_mismatch, to_string(shape_of(a)), to_string(shape_of(b)),
                               "dimension "));
    }
  }
}

TEST(BroadcastShapes, RefusesDynamicShapesAndOverflow) {
  const std::int64_t large = std::int64_t{1} << 40;
  EXPECT_TRUE(throws_error([] { return broadcast_shapes({-1}, {3}); }, ErrorCode::invalid_argument));
  EXPECT_TRUE(throws_error(
      [&] {
        return broadcast_shapes({large, 1}, {large});
      },
      ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace onda
