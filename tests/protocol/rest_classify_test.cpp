#include "protocol/rest_classify.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "protocol/compression.h"
#include "support/error_matchers.h"
#include "support/fake_executor.h"
#include "support/manual_timing.h"
#include "support/manual_workers.h"
#include "support/sample_images.h"

namespace onda::protocol {
namespace {

using serving::TensorSpec;

TensorSpec spec(std::string name, DType dtype, Shape shape) {
  TensorSpec result;
  result.name = std::move(name);
  result.dtype = dtype;
  result.shape = std::move(shape);
  return result;
}

/// A grey PNG of 3 × 2 pixels.
test::Bytes grey_image() {
  const std::string rows("\0\x00\x10\x20\0\x30\x40\xFF", 8);
  const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(rows))};
  return test::png_file(3, 2, 8, 0, deflate(pieces, ContentEncoding::deflate));
}

class Request final : public serving::InferenceRequest {
 protected:
  void on_complete() noexcept override {}
};

/// A model of one grey image of 2 × 3 that gives `scores`, whatever the image.
class RestClassify : public testing::Test {
 protected:
  RestClassify() {
    parts_.model = "m";
    parts_.number = 3;
    parts_.inputs = {spec("image", DType::float32, Shape{1, 1, 2, 3})};
    parts_.outputs = {spec("scores", DType::float32, Shape{1, 4})};
    Preprocess steps = Preprocess::raw();
    steps.color = ColorOrder::grey;
    parts_.preprocess = steps;
    answer_ = Tensor::of<float>(Shape{1, 4}, std::array<float, 4>{0.125F, 0.5F, 0.25F, 0.125F});
  }

  std::shared_ptr<serving::ModelVersion> version() {
    parts_.executor =
        std::make_unique<test::FakeExecutor>([this](const TensorView& input, const RunOptions&) {
          image_ = Tensor::copy_of(input);
          return answer_.clone();
        });
    return std::make_shared<serving::ModelVersion>(std::move(parts_), workers_, timing_);
  }

  RestResponse classify(std::size_t top, std::span<const std::byte> encoded) {
    ImageClassification image(version(), top);
    image.decode(encoded);
    Request request;
    image.fill_request(request);
    request.version->submit(request, serving::Caller::any_thread);
    workers_.run_all();
    return image.answer(request.result);
  }

  testing::AssertionResult refuses_model(std::string_view part) {
    return test::throws_error([this] { return ImageClassification(version(), 5); },
                              ErrorCode::failed_precondition, "model \"m\" cannot classify an image", part);
  }

  test::ManualWorkers workers_;
  test::ManualTiming timing_;
  serving::VersionParts parts_;
  Tensor answer_;
  Tensor image_;
};

TEST_F(RestClassify, RanksTheClassesOfAnImage) {
  parts_.outputs[0].labels = {"ant", "bee \"b\"", ""};
  const auto response = classify(3, grey_image());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"model_name":"m","model_version":"3","classes":[)"
                           R"({"index":1,"label":"bee \"b\"","probability":0.5},)"
                           R"({"index":2,"probability":0.25},)"
                           R"({"index":0,"label":"ant","probability":0.125}]})");
  ASSERT_EQ(image_.shape(), (Shape{1, 1, 2, 3}));
  EXPECT_EQ(image_.as<float>()[0], 0);
  EXPECT_EQ(image_.as<float>()[5], 1);
}

TEST_F(RestClassify, MakesProbabilitiesOfScores) {
  const float log2 = std::log(2.0F);
  answer_ = Tensor::of<float>(Shape{1, 4}, std::array<float, 4>{7, 7 + log2, 7, 7 - 1000});
  EXPECT_EQ(classify(2, grey_image()).body,
            R"({"model_name":"m","model_version":"3","classes":[)"
            R"({"index":1,"probability":0.5},{"index":0,"probability":0.25}]})");
}

TEST_F(RestClassify, ScoresThatAreNoNumbersAreStillJson) {
  answer_ =
      Tensor::of<float>(Shape{1, 4}, std::array<float, 4>{1, 2, std::numeric_limits<float>::quiet_NaN(), 4});
  EXPECT_EQ(classify(1, grey_image()).body,
            R"({"model_name":"m","model_version":"3","classes":[{"index":0,"probability":null}]})");
}

TEST_F(RestClassify, TheImageHasTheRankOfTheInput) {
  parts_.inputs = {spec("image", DType::float32, Shape{1, 2, 3})};
  EXPECT_EQ(classify(1, grey_image()).status, 200);
  EXPECT_EQ(image_.shape(), (Shape{1, 2, 3}));
}

TEST_F(RestClassify, ChoosesTheOutputThatHasScores) {
  // As classifiers of scikit-learn have them: the decision, and then the scores.
  parts_.outputs = {spec("y", DType::float32, Shape{-1})};
  parts_.inputs = {spec("image", DType::float32, Shape{-1, 1, 2, 3})};
  parts_.config.max_batch_size = 1;
  parts_.outputs.insert(parts_.outputs.begin(),
                        {spec("label", DType::int64, Shape{-1}), spec("text", DType::string, Shape{-1, 4}),
                         spec("scores", DType::float32, Shape{-1, 4})});
  ImageClassification image(version(), 1);
  Request request;
  image.fill_request(request);
  EXPECT_EQ(request.outputs, std::vector<std::string_view>{"scores"});
}

TEST_F(RestClassify, RefusesModelsThatAreNotForImages) {
  parts_.preprocess.reset();
  EXPECT_TRUE(refuses_model("onda.preprocess"));
}

TEST_F(RestClassify, RefusesModelsThatNeedMoreThanAnImage) {
  parts_.inputs.push_back(spec("size", DType::int64, Shape{2}));
  EXPECT_TRUE(refuses_model("more than one input"));
}

TEST_F(RestClassify, RefusesModelsWithoutScores) {
  parts_.outputs = {spec("text", DType::string, Shape{1, 4})};
  EXPECT_TRUE(refuses_model("none of its outputs"));
}

TEST_F(RestClassify, AnInputThatMayBeLeftOutIsLeftOut) {
  parts_.inputs.push_back(spec("size", DType::int64, Shape{2}));
  parts_.inputs.back().optional = true;
  EXPECT_EQ(classify(1, grey_image()).status, 200);
}

TEST_F(RestClassify, SeveralRowsOfScoresAreNoAnswer) {
  parts_.outputs = {spec("scores", DType::float32, Shape{1, 2, 2})};
  answer_ = Tensor::of<float>(Shape{1, 2, 2}, std::array<float, 4>{1, 2, 3, 4});
  const auto response = classify(1, grey_image());
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("2 rows of scores"), std::string::npos) << response.body;
}

TEST_F(RestClassify, RefusesWhatIsNoImage) {
  ImageClassification image(version(), 5);
  const auto refuses = [&](std::span<const std::byte> encoded) {
    return test::throws_error([&] { return image.decode(encoded), 0; }, ErrorCode::invalid_argument);
  };
  EXPECT_TRUE(refuses({}));
  EXPECT_TRUE(refuses(test::bytes_of("GIF89a and so on")));
  auto cut = grey_image();
  cut.resize(cut.size() / 2);
  EXPECT_TRUE(refuses(cut));
}

TEST_F(RestClassify, TooManyPixelsAreRefusedUnread) {
  ImageClassification image(version(), 5);
  EXPECT_TRUE(test::throws_error([&] { return image.decode(test::png_file(900'000, 900'000, 8, 0, "")), 0; },
                                 ErrorCode::resource_exhausted, "pixels"));
}

TEST_F(RestClassify, AnswersTheErrorOfTheRun) {
  serving::InferenceResult result;
  result.error = Error(ErrorCode::unavailable, "Request timeout expired");
  result.situation = serving::FailureSituation::queue_timeout;
  ImageClassification image(version(), 5);
  const auto response = image.answer(result);
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("Request timeout expired"), std::string::npos);
}

TEST_F(RestClassify, LetsTheVersionGoWithTheAnswer) {
  auto shared = version();
  ImageClassification image(shared, 5);
  EXPECT_EQ(shared.use_count(), 2);
  static_cast<void>(image.answer({}));
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(ClassifyTop, ReadsTheQuery) {
  EXPECT_EQ(classify_top("/v2/models/m/classify"), 5U);
  EXPECT_EQ(classify_top("/v2/models/m/classify?"), 5U);
  EXPECT_EQ(classify_top("/v2/models/m/classify?top=1"), 1U);
  EXPECT_EQ(classify_top("/v2/models/m/classify?top=1000"), 1000U);
}

TEST(ClassifyTop, RefusesWhatItDoesNotKnow) {
  for (const std::string_view query :
       {"top=0", "top=1001", "top=", "top", "top=-1", "top=+1", "top=1.0", "top=%31",
        "top=18446744073709551617", "top=1&top=2", "k=3", "top=3&k=1", "&top=3", "="}) {
    EXPECT_TRUE(test::throws_error([&] { return classify_top("/classify?" + std::string(query)); },
                                   ErrorCode::invalid_argument, "top"))
        << query;
  }
}

}  // namespace
}  // namespace onda::protocol
