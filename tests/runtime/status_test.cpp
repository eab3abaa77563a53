#include "runtime/status.h"

#include <gtest/gtest.h>

#include "onda/runtime.h"
#include "runtime/environment.h"
#include "support/error_matchers.h"
#include "support/runtime.h"

namespace onda::runtime {
namespace {

TEST(StatusTest, EveryCodeHasItsOwnTranslation) {
  EXPECT_EQ(to_error_code(ORT_FAIL), ErrorCode::internal);
  EXPECT_EQ(to_error_code(ORT_INVALID_ARGUMENT), ErrorCode::invalid_argument);
  EXPECT_EQ(to_error_code(ORT_NO_SUCHFILE), ErrorCode::not_found);
  EXPECT_EQ(to_error_code(ORT_NO_MODEL), ErrorCode::not_found);
  EXPECT_EQ(to_error_code(ORT_ENGINE_ERROR), ErrorCode::internal);
  EXPECT_EQ(to_error_code(ORT_RUNTIME_EXCEPTION), ErrorCode::internal);
  EXPECT_EQ(to_error_code(ORT_INVALID_PROTOBUF), ErrorCode::data_loss);
  EXPECT_EQ(to_error_code(ORT_MODEL_LOADED), ErrorCode::already_exists);
  EXPECT_EQ(to_error_code(ORT_NOT_IMPLEMENTED), ErrorCode::unimplemented);
  EXPECT_EQ(to_error_code(ORT_INVALID_GRAPH), ErrorCode::unimplemented);
  EXPECT_EQ(to_error_code(ORT_EP_FAIL), ErrorCode::unavailable);
  EXPECT_EQ(to_error_code(ORT_MODEL_LOAD_CANCELED), ErrorCode::cancelled);
  EXPECT_EQ(to_error_code(ORT_MODEL_REQUIRES_COMPILATION), ErrorCode::failed_precondition);
  EXPECT_EQ(to_error_code(ORT_NOT_FOUND), ErrorCode::not_found);
  EXPECT_EQ(to_error_code(ORT_DEVICE_RESET), ErrorCode::unavailable);
}

TEST(StatusTest, NullIsSuccess) {
  const auto onda = test::runtime();
  EXPECT_NO_THROW(check(onda.environment()->api(), nullptr, "anything"));
}

TEST(StatusTest, KeepsTheTextBehindOurContext) {
  const auto onda = test::runtime();
  const OrtApi& api = onda.environment()->api();
  EXPECT_TRUE(test::throws_error(
      [&] {
        check(api, api.CreateStatus(ORT_NOT_IMPLEMENTED, "no such thing"), "do it");
        return 0;
      },
      ErrorCode::unimplemented, "do it: no such thing"));
}

struct Text {
  const char* given;
  const char* expected;
};

class WithoutSourceTest : public testing::TestWithParam<Text> {};

TEST_P(WithoutSourceTest, DropsFilesLinesAndFunctions) {
  EXPECT_EQ(without_source(GetParam().given), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, WithoutSourceTest,
    testing::Values(
        Text{"", ""}, Text{"plain text", "plain text"}, Text{"two\nlines\n", "two lines"},
        Text{"Load model from m.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:180 "
             "onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&) Unsupported IR",
             "Load model from m.onnx failed: Unsupported IR"},
        Text{
            "/a/b/math.h:60 onnxruntime::common::Status f::G(const T&) const [with T = int] X was false. why",
            "X was false. why"},
        Text{"see https://example.com/a.html now", "see https://example.com/a.html now"},
        Text{"shape /x/y.h:12", "shape"}, Text{"a.cc:12 f(unbalanced text", "f(unbalanced text"},
        Text{"/x.cc:1 a::B(int)::<lambda(long int)> text", "text"}));

TEST(WithoutSourceTest, BoundsTheLength) {
  EXPECT_LE(without_source(std::string(100'000, 'x')).size(), 2000U);
  std::string words;
  for (int i = 0; i < 10'000; ++i) words += "word ";
  EXPECT_LE(without_source(words).size(), 2000U);
}

}  // namespace
}  // namespace onda::runtime
