#include "runtime/signature.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "onda/error.h"
#include "support/error_matchers.h"

namespace onda::runtime {
namespace {

constexpr auto kDynamic = Shape::kDynamic;

ValueInfo tensor(std::string name, Shape shape, std::vector<std::string> dimension_names = {}) {
  ValueInfo info;
  info.name = std::move(name);
  info.dtype = DType::float32;
  info.dimension_names = std::move(dimension_names);
  info.dimension_names.resize(shape.rank());
  info.shape = std::move(shape);
  return info;
}

/// Floats that nobody reads.
class SignatureTest : public testing::Test {
 protected:
  static TensorView floats(Shape shape) {
    static const std::vector<float> elements(4096);
    const auto count = shape.element_count();
    return TensorView::of<float>(std::move(shape), std::span(elements).first(count));
  }
  static void check(const Signature& signature, std::vector<NamedView> given) {
    std::vector<std::size_t> which(given.size());
    signature.check_inputs(given, which);
  }
};

TEST_F(SignatureTest, FindsInputsInAnyOrder) {
  const Signature signature({tensor("a", {2}), tensor("b", {3})}, {});
  const std::array<NamedView, 2> given = {{{"b", floats({3})}, {"a", floats({2})}}};
  std::array<std::size_t, 2> which{};
  signature.check_inputs(given, which);
  EXPECT_EQ(which, (std::array<std::size_t, 2>{1, 0}));
}

TEST_F(SignatureTest, RefusesUnknownDuplicateAndMissingInputsByName) {
  const Signature signature({tensor("a", {2}), tensor("b", {3})}, {});
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(signature, {{"q", floats({2})}});
        return 0;
      },
      ErrorCode::invalid_argument, "\"q\"", "\"a\", \"b\""));
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(signature, {{"a", floats({2})}, {"a", floats({2})}});
        return 0;
      },
      ErrorCode::invalid_argument, "\"a\"", "twice"));
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(signature, {{"a", floats({2})}});
        return 0;
      },
      ErrorCode::invalid_argument, "\"b\"", "missing"));
}

TEST_F(SignatureTest, AnInputWithADefaultMayBeLeftOut) {
  auto optional = tensor("b", {3});
  optional.optional = true;
  const Signature signature({tensor("a", {2}), optional}, {});
  EXPECT_NO_THROW(check(signature, {{"a", floats({2})}}));
  EXPECT_NO_THROW(check(signature, {{"a", floats({2})}, {"b", floats({3})}}));
}

TEST_F(SignatureTest, RefusesAnotherDType) {
  const Signature signature({tensor("a", {1})}, {});
  const std::int64_t number = 1;
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(signature, {{"a", TensorView::of<std::int64_t>({1}, {&number, 1})}});
        return 0;
      },
      ErrorCode::type_mismatch, "\"a\"", "int64", "float32"));
}

TEST_F(SignatureTest, RefusesAnotherRankOrFixedDimension) {
  const Signature signature({tensor("x", {kDynamic, 3, 4}, {"N"})}, {});
  EXPECT_NO_THROW(check(signature, {{"x", floats({5, 3, 4})}}));
  EXPECT_NO_THROW(check(signature, {{"x", floats({0, 3, 4})}}));
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(signature, {{"x", floats({3, 4})}});
        return 0;
      },
      ErrorCode::shape_mismatch, "[3,4]", "rank 2", "[N,3,4]"));
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(signature, {{"x", floats({1, 4, 3})}});
        return 0;
      },
      ErrorCode::shape_mismatch, "[1,4,3]", "dimension 1", "[N,3,4]"));
}

TEST_F(SignatureTest, EqualSymbolsMustBeEqualSizes) {
  const Signature signature({tensor("a", {kDynamic, 2}, {"N"}), tensor("b", {kDynamic, 2}, {"N"})}, {});
  EXPECT_NO_THROW(check(signature, {{"a", floats({3, 2})}, {"b", floats({3, 2})}}));
  // ONNX Runtime would broadcast these and answer.
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(signature, {{"a", floats({2, 2})}, {"b", floats({1, 2})}});
        return 0;
      },
      ErrorCode::shape_mismatch, "\"b\"", "1 for dimension N", "2 in input \"a\""));
}

TEST_F(SignatureTest, UnnamedDynamicDimensionsAreIndependent) {
  const Signature signature({tensor("a", {kDynamic}), tensor("b", {kDynamic})}, {});
  EXPECT_NO_THROW(check(signature, {{"a", floats({3})}, {"b", floats({4})}}));
}

TEST_F(SignatureTest, AnyRankIsAcceptedWhereNoneIsDeclared) {
  auto any = tensor("x", {});
  any.has_shape = false;
  const Signature signature({any}, {});
  EXPECT_NO_THROW(check(signature, {{"x", floats({2, 3})}}));
  EXPECT_NO_THROW(check(signature, {{"x", floats({})}}));
}

TEST_F(SignatureTest, MoreInputsThanFitOnTheStackAreChecked) {
  std::vector<ValueInfo> inputs;
  std::vector<NamedView> given;
  for (int i = 0; i < 40; ++i)
    inputs.push_back(tensor("x" + std::to_string(i), {kDynamic}, {"N" + std::to_string(i)}));
  for (const auto& input : inputs) given.push_back({input.name, floats({2})});
  const Signature signature(inputs, {});
  EXPECT_NO_THROW(check(signature, given));
  given.pop_back();
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(signature, given);
        return 0;
      },
      ErrorCode::invalid_argument, "\"x39\""));
}

TEST_F(SignatureTest, ChecksLentOutputs) {
  auto sequence = tensor("s", {});
  sequence.kind = ValueKind::sequence;
  const Signature signature({}, {tensor("y", {2}), sequence});
  std::array<float, 2> buffer{};
  std::array<std::int32_t, 2> integers{};
  std::array<std::size_t, 2> which{};
  const auto lend = [&](std::vector<NamedMutableView> lent) {
    signature.check_outputs(lent, which);
    return 0;
  };
  EXPECT_NO_THROW(lend({{"y", MutableTensorView::of<float>({2}, buffer)}}));
  EXPECT_TRUE(test::throws_error(
      [&] {
        return lend({{"q", MutableTensorView::of<float>({2}, buffer)}});
      },
      ErrorCode::invalid_argument, "output \"q\""));
  EXPECT_TRUE(test::throws_error(
      [&] {
        return lend({{"y", MutableTensorView::of<std::int32_t>({2}, integers)}});
      },
      ErrorCode::type_mismatch, "int32"));
  EXPECT_TRUE(test::throws_error(
      [&] {
        return lend({{"s", MutableTensorView::of<float>({2}, buffer)}});
      },
      ErrorCode::unimplemented, "sequence"));
  EXPECT_TRUE(test::throws_error(
      [&] {
        signature.require_tensor_outputs();
        return 0;
      },
      ErrorCode::unimplemented, "\"s\"", "sequence"));
}

}  // namespace
}  // namespace onda::runtime
