#include "onda/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace onda {
namespace {

TEST(Error, KeepsCodeAndMessage) {
  const Error error(ErrorCode::not_found, "no such file");
  EXPECT_EQ(error.code(), ErrorCode::not_found);
  EXPECT_STREQ(error.what(), "no such file");
}

TEST(Error, ContextStandsInFrontAndKeepsTheCode) {
  const Error error =
      Error(ErrorCode::data_loss, "cut short").with_context("model.onnx").with_context("digits");
  EXPECT_EQ(error.code(), ErrorCode::data_loss);
  EXPECT_STREQ(error.what(), "digits: model.onnx: cut short");
}

TEST(Error, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    names.insert(to_string(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::internal) + 1);
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(to_string(ErrorCode::shape_mismatch), "shape_mismatch");
  EXPECT_EQ(to_string(ErrorCode::internal), "internal");
}

TEST(Error, ANumberThatIsNoCodeHasAName) { EXPECT_EQ(to_string(static_cast<ErrorCode>(99)), "unknown"); }

}  // namespace
}  // namespace onda
