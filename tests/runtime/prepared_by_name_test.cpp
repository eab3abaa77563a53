// In the external form ONNX Runtime opens the weights by the entry's name, after Onda has checked the entry.
// Whatever happens to the name in between, no answer comes from another file.
#include <gtest/gtest.h>
#include <onnxruntime_c_api.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "onda/prepared_model.h"
#include "onda/session.h"
#include "runtime/environment.h"
#include "runtime/model_file.h"
#include "runtime/prepared_entry.h"
#include "support/runtime.h"
#include "support/temp_directory.h"
#include "support/tensor_matchers.h"

namespace onda {
namespace {

namespace fs = std::filesystem;

const OrtApi* real_api = nullptr;
std::function<void()> before_opening;

OrtStatus* ORT_API_CALL open_after(const OrtEnv* env, const void* bytes, std::size_t size,
                                   const OrtSessionOptions* options, OrtSession** session) noexcept {
  before_opening();
  return real_api->CreateSessionFromArray(env, bytes, size, options, session);
}

/// ONNX Runtime's table, with something happening before a prepared model is opened.
OrtApi table() {
  real_api = &test::runtime().environment()->api();
  OrtApi api = *real_api;
  api.CreateSessionFromArray = open_after;
  return api;
}

class PreparedByName : public testing::Test {
 protected:
  PreparedByName() {
    options_.log = [this](LogLevel, std::string_view line) { log_ += std::string(line) + "\n"; };
    runtime_.emplace(runtime::Environment::create(api_, options_, 0));
    before_opening = [this] { ++opened_; };
    expected_ = answer(open(Preparation::make));
    opened_ = 0;
    for (const auto& entry : fs::directory_iterator(cache_ / "prepared")) {
      if (entry.path().filename().string().size() == 64) entry_ = entry.path();
    }
    content_ = base::read_file(entry_, 1 << 24);
  }
  void TearDown() override { before_opening = nullptr; }

  [[nodiscard]] Session open(Preparation preparation,
                             Verification verification = Verification::structure) const {
    return Session::open(*runtime_, model_,
                         {.intra_op_threads = 1,
                          .preparation = preparation,
                          .verification = verification,
                          .cache_directory = cache_.path()});
  }
  [[nodiscard]] static Tensor answer(const Session& session) {
    std::vector<float> x(128);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 13) / 13.0F;
    auto outputs = session.run(TensorView::of<float>({2, 64}, x));
    return std::move(outputs.at(0).tensor);
  }
  [[nodiscard]] testing::AssertionResult answers_as_ever(const Session& session) const {
    return test::same_tensor(answer(session).view(), expected_.view());
  }
  /// A good entry with other weights: what would give wrong answers if it were mapped.
  [[nodiscard]] std::vector<std::byte> with_other_weights() const {
    auto other = content_;
    const auto external = runtime::parse_entry(content_).external.size();
    for (std::size_t i = 0; i < external; ++i) other[i] ^= std::byte{1};
    return other;
  }
  void replace(const std::vector<std::byte>& bytes) const {
    base::write_file_atomically(entry_, std::span<const std::byte>(bytes));
  }

  test::TempDirectory cache_;
  fs::path model_ = test::model_path("tiny.onnx");
  OrtApi api_ = table();
  RuntimeOptions options_;
  std::optional<Runtime> runtime_;
  std::string log_;
  int opened_ = 0;
  Tensor expected_;
  fs::path entry_;
  std::vector<std::byte> content_;
};

TEST_F(PreparedByName, AnEntryThatIsEvictedInBetweenIsMissing) {
  before_opening = [this] {
    ++opened_;
    fs::remove(entry_);
  };
  const auto session = open(Preparation::use);
  EXPECT_EQ(opened_, 1);
  EXPECT_EQ(session.prepared(), PreparedState::missing);
  EXPECT_TRUE(answers_as_ever(session));
  EXPECT_EQ(log_, "") << "nothing is wrong";
}

TEST_F(PreparedByName, AnEntryThatIsEvictedInBetweenIsMadeAnew) {
  before_opening = [this] {
    if (++opened_ == 1) fs::remove(entry_);
  };
  const auto session = open(Preparation::make);
  EXPECT_EQ(opened_, 2);
  EXPECT_EQ(session.prepared(), PreparedState::used);
  EXPECT_TRUE(answers_as_ever(session));
}

TEST_F(PreparedByName, AnEntryThatIsReplacedInBetweenIsOpenedAnew) {
  before_opening = [this] {
    if (++opened_ == 1) replace(content_);
  };
  const auto session = open(Preparation::use);
  EXPECT_EQ(opened_, 2);
  EXPECT_EQ(session.prepared(), PreparedState::used);
  EXPECT_TRUE(answers_as_ever(session));
}

TEST_F(PreparedByName, NoAnswerComesFromAFileThatTookTheEntrysPlaceInBetween) {
  before_opening = [this] {
    ++opened_;
    replace(with_other_weights());
  };
  const auto session = open(Preparation::use);
  EXPECT_EQ(opened_, 3) << "and then it is given up";
  EXPECT_EQ(session.prepared(), PreparedState::missing);
  EXPECT_TRUE(answers_as_ever(session));
  EXPECT_NE(log_.find("replaced while it was being opened"), std::string::npos) << log_;
}

TEST_F(PreparedByName, ASessionKeepsWhatItHasMapped) {
  const auto session = open(Preparation::use);
  ASSERT_EQ(session.prepared(), PreparedState::used);
  replace(with_other_weights());
  EXPECT_TRUE(answers_as_ever(session));
  fs::remove(entry_);
  EXPECT_TRUE(answers_as_ever(session));
}

TEST_F(PreparedByName, AnEntryThatIsALinkIsRefused) {
  fs::rename(entry_, cache_ / "elsewhere");
  fs::create_symlink(cache_ / "elsewhere", entry_);
  const auto session = open(Preparation::use);
  EXPECT_EQ(opened_, 0);
  EXPECT_EQ(session.prepared(), PreparedState::missing);
  EXPECT_TRUE(answers_as_ever(session));
}

/// The packed forms lie behind the weights that they were made from; it is they that runs read.
TEST_F(PreparedByName, ADamagedPackedWeightIsFound) {
  const auto view = runtime::parse_entry(content_);
  auto damaged = content_;
  std::size_t packed = 0;
  const auto file = runtime::read_model_file(view.model);
  for (const auto& tensor : file.external_tensors) packed += tensor.prepacked.size();
  ASSERT_GT(packed, 0U) << "packed forms are saved";
  damaged[view.external.size() - 1] ^= std::byte{0x40};
  replace(damaged);
  const auto session = open(Preparation::make, Verification::full);
  EXPECT_EQ(session.prepared(), PreparedState::used);
  EXPECT_TRUE(answers_as_ever(session));
  EXPECT_NE(log_.find("damaged"), std::string::npos) << log_;
}

}  // namespace
}  // namespace onda
