#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "base/files.h"
#include "onda/prepared_model.h"
#include "onda/session.h"
#include "runtime/environment.h"
#include "runtime/prepared_entry.h"
#include "support/error_matchers.h"
#include "support/prepared_form.h"
#include "support/runtime.h"
#include "support/temp_directory.h"

namespace onda {
namespace {

namespace fs = std::filesystem;

std::vector<std::byte> bytes_of(const Tensor& tensor) {
  return {tensor.bytes().begin(), tensor.bytes().end()};
}

/// Inputs for a model, dynamic dimensions `n`, elements small and all different.
class Inputs {
 public:
  Inputs(const Session& session, std::int64_t n) {
    for (const ValueInfo& info : session.inputs()) {
      if (info.optional) continue;
      Shape shape = info.shape;
      for (auto& dim : shape.dims()) dim = dim < 0 ? n : dim;
      Tensor tensor(info.dtype, shape);
      fill(tensor);
      tensors_.push_back(std::move(tensor));
      views_.push_back({info.name, tensors_.back().view()});
    }
  }
  [[nodiscard]] std::span<const NamedView> views() const { return views_; }

 private:
  static void fill(Tensor& tensor) {
    std::size_t i = 0;
    if (tensor.dtype() == DType::float32) {
      for (float& x : tensor.as<float>()) x = static_cast<float>(i++ % 97) / 97.0F;
    } else {
      for (std::byte& x : tensor.bytes()) x = std::byte{0};
      if (tensor.dtype() == DType::int64) {
        for (auto& x : tensor.as<std::int64_t>()) x = static_cast<std::int64_t>(i++ % 90);
      }
    }
  }
  std::vector<Tensor> tensors_;
  std::vector<NamedView> views_;
};

std::vector<std::vector<std::byte>> answers(const Session& session, std::int64_t n = 2) {
  const Inputs inputs(session, n);
  std::vector<std::vector<std::byte>> all;
  for (const auto& output : session.run(inputs.views())) all.push_back(bytes_of(output.tensor));
  return all;
}

using runtime::PreparedForm;

/// A model of the test's own, so that it may be damaged, old enough to be recorded, and a private cache. In
/// each form that entries have.
class PreparedSessionTest : public testing::TestWithParam<PreparedForm> {
 protected:
  PreparedSessionTest() { adopt("tiny.onnx"); }

  void adopt(const std::string& name) {
    model_ = models_ / name;
    fs::copy_file(test::model_path(name), model_, fs::copy_options::overwrite_existing);
    age(model_);
  }
  /// A record is trusted only for files that were not touched in the last seconds.
  static void age(const fs::path& path) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  [[nodiscard]] SessionOptions options(Preparation preparation = Preparation::make,
                                       Verification verification = Verification::structure) const {
    return {.intra_op_threads = 1,
            .preparation = preparation,
            .verification = verification,
            .cache_directory = cache_.path()};
  }
  [[nodiscard]] Session open(const SessionOptions& options) const {
    return Session::open(runtime_, model_, options);
  }
  [[nodiscard]] fs::path only_entry() const {
    const auto entries = PreparedModels(cache_.path()).list();
    if (entries.size() != 1)
      throw std::runtime_error("there are " + std::to_string(entries.size()) + " entries");
    for (const auto& file : fs::recursive_directory_iterator(cache_.path())) {
      if (file.path().filename().string().starts_with(entries.front().key)) return file.path();
    }
    throw std::runtime_error("no file has the entry's name");
  }
  /// Changes one byte and puts the file's time back.
  static void flip_byte(const fs::path& path, std::uint64_t offset) {
    const auto time = fs::last_write_time(path);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get() ^ 0x40);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
    file.close();
    fs::last_write_time(path, time);
  }
  /// Where the bytes of a known weight of the model lie in the entry: the largest initialiser of tiny.onnx.
  [[nodiscard]] static std::uint64_t offset_of_weights(const fs::path& model, const fs::path& entry) {
    const auto source = base::read_file(model, 1 << 20);
    const auto bytes = base::read_file(entry, 1 << 24);
    // Sixteen bytes out of the middle of the model, in its first MatMul's weights, which preparation keeps as
    // they are.
    for (std::size_t at = source.size() / 4; at + 16 < source.size(); at += 4) {
      const auto found =
          std::search(bytes.begin(), bytes.end(), source.begin() + static_cast<std::ptrdiff_t>(at),
                      source.begin() + static_cast<std::ptrdiff_t>(at) + 16);
      if (found != bytes.end()) return static_cast<std::uint64_t>(found - bytes.begin());
    }
    throw std::runtime_error("the entry does not hold the model's weights as they are");
  }

  /// Where the entry's graph begins.
  [[nodiscard]] static std::uint64_t offset_of_graph(const fs::path& entry) {
    const auto bytes = base::read_file(entry, 1 << 24);
    return static_cast<std::uint64_t>(runtime::parse_entry(bytes).model.data() - bytes.data());
  }

  test::TempDirectory models_;
  test::TempDirectory cache_;
  fs::path model_;
  Runtime runtime_ = test::runtime_preparing(GetParam());
};

TEST_P(PreparedSessionTest, OffTouchesNoCache) {
  EXPECT_EQ(open(options(Preparation::off)).prepared(), PreparedState::off);
  EXPECT_TRUE(fs::is_empty(cache_.path()));
}

TEST_P(PreparedSessionTest, UseRunsPlainUntilThereIsAnEntry) {
  EXPECT_EQ(open(options(Preparation::use)).prepared(), PreparedState::missing);
  EXPECT_EQ(open(options(Preparation::make)).prepared(), PreparedState::used);
  EXPECT_EQ(open(options(Preparation::use)).prepared(), PreparedState::used);
}

TEST_P(PreparedSessionTest, TheTinyModelTheTransformerAndTheQuantisedOneAnswerTheSame) {
  for (const auto* name :
       {"tiny.onnx", "transformer.onnx", "qdq.onnx", "no_softmax.onnx", "custom_metadata.onnx"}) {
    adopt(name);
    const auto plain = open(options(Preparation::off));
    const auto prepared = open(options());
    ASSERT_EQ(prepared.prepared(), PreparedState::used) << name;
    for (const std::int64_t n : {1, 2, 7}) EXPECT_EQ(answers(prepared, n), answers(plain, n)) << name;
    EXPECT_EQ(prepared.metadata().custom, plain.metadata().custom);
    EXPECT_EQ(prepared.metadata().producer_name, plain.metadata().producer_name);
    ASSERT_EQ(prepared.inputs().size(), plain.inputs().size());
    EXPECT_EQ(prepared.inputs()[0].dimension_names, plain.inputs()[0].dimension_names);
  }
}

TEST_P(PreparedSessionTest, ThreadSettingsShareAnEntryAndDoNotChangeWhatIsSaved) {
  auto two = options();
  two.intra_op_threads = 2;
  const auto first = open(options());
  const auto saved = base::read_file(only_entry(), 1 << 24);
  EXPECT_EQ(open(two).prepared(), PreparedState::used);
  EXPECT_EQ(PreparedModels(cache_.path()).list().size(), 1U);
  PreparedModels(cache_.path()).clear();
  EXPECT_EQ(answers(open(two)), answers(first));
  EXPECT_EQ(base::read_file(only_entry(), 1 << 24).size(), saved.size());
}

TEST_P(PreparedSessionTest, WhatChangesTheGraphMakesAnotherEntry) {
  static_cast<void>(open(options()));
  auto extended = options();
  extended.graph_optimization = GraphOptimization::extended;
  static_cast<void>(open(extended));
  auto fixed = options();
  fixed.free_dimensions = {{"N", 2}};
  EXPECT_EQ(open(fixed).inputs()[0].shape, (Shape{2, 64}));
  EXPECT_EQ(PreparedModels(cache_.path()).list().size(), 3U);
}

TEST_P(PreparedSessionTest, AChangedModelIsNotAnsweredFromTheOldEntry) {
  static_cast<void>(open(options()));
  const auto old = answers(open(options()));
  auto bytes = base::read_file(model_, 1 << 20);
  bytes[bytes.size() / 2] ^= std::byte{0x01};
  base::write_file_atomically(model_, std::span<const std::byte>(bytes));
  const auto changed = open(options(Preparation::use));
  EXPECT_EQ(changed.prepared(), PreparedState::missing);
  EXPECT_EQ(answers(changed), answers(open(options(Preparation::off))));
  EXPECT_NE(answers(changed), old);
}

TEST_P(PreparedSessionTest, AModelWithExternalDataIsPreparedAndKnownByAllItsFiles) {
  adopt("external.onnx");
  for (const auto* data : {"external.bin", "external_bias.bin"}) {
    fs::copy_file(test::model_path(data), models_ / data);
    age(models_ / data);
  }
  const auto plain = answers(open(options(Preparation::off)));
  EXPECT_EQ(open(options()).prepared(), PreparedState::used);
  EXPECT_EQ(answers(open(options(Preparation::use))), plain);
  auto bias = base::read_file(models_ / "external_bias.bin", 1 << 20);
  bias[2] ^= std::byte{0x01};
  base::write_file_atomically(models_ / "external_bias.bin", std::span<const std::byte>(bias));
  EXPECT_EQ(open(options(Preparation::use)).prepared(), PreparedState::missing);
}

TEST_P(PreparedSessionTest, ExternalDataMayLieInADirectoryBelow) {
  fs::create_directory(models_ / "data");
  model_ = models_ / "below.onnx";
  auto bytes = base::read_file(test::model_path("external.onnx"), 1 << 20);
  // The names have the same length.
  const auto rename = [&](std::string_view from, std::string_view to) {
    const auto name = std::as_bytes(std::span(from));
    for (auto at = bytes.begin();; at += static_cast<std::ptrdiff_t>(name.size())) {
      at = std::search(at, bytes.end(), name.begin(), name.end());
      if (at == bytes.end()) break;
      std::ranges::copy(std::as_bytes(std::span(to)), at);
    }
  };
  rename("external.bin", "data/ext.bin");
  rename("external_bias.bin", "data/ext_bias.bin");
  base::write_file_atomically(model_, std::span<const std::byte>(bytes));
  fs::copy_file(test::model_path("external.bin"), models_ / "data/ext.bin");
  fs::copy_file(test::model_path("external_bias.bin"), models_ / "data/ext_bias.bin");
  const auto plain = answers(open(options(Preparation::off)));
  const auto prepared = open(options());
  EXPECT_EQ(prepared.prepared(), PreparedState::used);
  EXPECT_EQ(answers(prepared), plain);
}

TEST_P(PreparedSessionTest, ADamagedGraphIsRebuiltAndCounted) {
  const auto expected = answers(open(options()));
  const auto entry = only_entry();
  flip_byte(entry, offset_of_graph(entry) + 40);
  const auto before = PreparedModels::statistics();
  EXPECT_EQ(open(options(Preparation::use)).prepared(), PreparedState::missing);
  EXPECT_EQ(PreparedModels::statistics().rejected, before.rejected + 1);
  EXPECT_EQ(answers(open(options())), expected);
  EXPECT_EQ(open(options(Preparation::use)).prepared(), PreparedState::used);
}

TEST_P(PreparedSessionTest, ATruncatedEntryIsIgnored) {
  const auto expected = answers(open(options()));
  const auto entry = only_entry();
  fs::permissions(entry, fs::perms::owner_read | fs::perms::owner_write);
  fs::resize_file(entry, fs::file_size(entry) / 2);
  const auto session = open(options(Preparation::use));
  EXPECT_EQ(session.prepared(), PreparedState::missing);
  EXPECT_EQ(answers(session), expected);
}

TEST_P(PreparedSessionTest, FullVerificationFindsADamagedWeightBeforeTheFirstAnswer) {
  const auto expected = answers(open(options()));
  flip_byte(only_entry(), offset_of_weights(model_, only_entry()));
  const auto before = PreparedModels::statistics();
  const auto session = open(options(Preparation::make, Verification::full));
  EXPECT_EQ(session.prepared(), PreparedState::used);
  EXPECT_EQ(answers(session), expected);
  EXPECT_EQ(PreparedModels::statistics().rejected, before.rejected + 1);
}

/// Waits until the background check has swapped the model; bounded by the test's time limit.
void wait_until_replaced(const Session& session) {
  while (session.prepared() != PreparedState::replaced) std::this_thread::yield();
}

class PreparedSessionThreads : public PreparedSessionTest {};

TEST_P(PreparedSessionThreads, ADamagedWeightIsFoundInTheBackgroundAndTheModelReopened) {
  const auto expected = answers(open(options()));
  const auto entry = only_entry();
  flip_byte(entry, offset_of_weights(model_, entry));
  const auto session = open(options(Preparation::use, Verification::background));
  EXPECT_EQ(session.prepared(), PreparedState::used);
  static_cast<void>(answers(session));
  wait_until_replaced(session);
  EXPECT_EQ(answers(session), expected);
  EXPECT_FALSE(fs::exists(entry));
}

TEST_P(PreparedSessionThreads, NoRunFailsWhileTheModelIsReopened) {
  const auto expected = answers(open(options()));
  const auto entry = only_entry();
  flip_byte(entry, offset_of_weights(model_, entry));
  const auto session = open(options(Preparation::use, Verification::background));
  std::vector<std::future<std::vector<std::vector<std::byte>>>> callers;
  for (int i = 0; i < 3; ++i) {
    callers.push_back(std::async(std::launch::async, [&] {
      while (session.prepared() != PreparedState::replaced) static_cast<void>(answers(session));
      return answers(session);
    }));
  }
  for (auto& caller : callers) EXPECT_EQ(caller.get(), expected);
}

TEST_P(PreparedSessionThreads, AnIntactEntryStays) {
  const auto session = open(options(Preparation::make, Verification::background));
  const auto first = answers(session);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(answers(session), first);
  EXPECT_EQ(session.prepared(), PreparedState::used);
}

TEST_P(PreparedSessionThreads, TwoThatStartAtOnceDoNotMeet) {
  const auto expected = answers(open(options(Preparation::off)));
  std::vector<std::future<std::vector<std::vector<std::byte>>>> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(std::async(std::launch::async, [&] { return answers(open(options())); }));
  for (auto& one : all) EXPECT_EQ(one.get(), expected);
  EXPECT_EQ(PreparedModels(cache_.path()).list().size(), 1U);
}

TEST_P(PreparedSessionTest, ACacheThatOthersMayWriteIsRefusedWithOneWarning) {
  static_cast<void>(open(options()));
  fs::permissions(cache_.path(), fs::perms::all);
  std::vector<std::string> warnings;
  RuntimeOptions with_log;
  with_log.log = [&](LogLevel, std::string_view line) { warnings.emplace_back(line); };
  const auto runtime = test::runtime_preparing(GetParam(), with_log);
  const auto session = Session::open(runtime, model_, options());
  EXPECT_EQ(session.prepared(), PreparedState::missing);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find(cache_.path().string()), std::string::npos) << warnings[0];
}

TEST_P(PreparedSessionTest, AnEntrySurvivesItsRemovalWhileItIsInUse) {
  const auto session = open(options());
  const auto expected = answers(session);
  EXPECT_EQ(PreparedModels(cache_.path()).clear(), 1U);
  EXPECT_EQ(answers(session), expected);
}

TEST_P(PreparedSessionTest, WarmMakesTheEntryThatASessionUses) {
  PreparedModels cache(cache_.path());
  const auto entry = cache.warm(runtime_, model_);
  EXPECT_EQ(entry.model.filename(), "tiny.onnx");
  EXPECT_GT(entry.bytes, 0U);
  EXPECT_EQ(open(options(Preparation::use)).prepared(), PreparedState::used);
  EXPECT_EQ(cache.warm(runtime_, model_).key, entry.key);
  EXPECT_EQ(cache.list().size(), 1U);
}

TEST_P(PreparedSessionTest, AModelFromBytesIsNeverPrepared) {
  const auto bytes = base::read_file(model_, 1 << 20);
  EXPECT_EQ(Session::open(runtime_, std::span(bytes), options()).prepared(), PreparedState::off);
  EXPECT_TRUE(fs::is_empty(cache_.path()));
}

/// A user's file that is cut short or overwritten in place must neither change an answer nor end the process.
class InPlaceTest : public PreparedSessionTest {
 protected:
  void expect_unmoved(const Session& session, const std::vector<fs::path>& files) {
    const auto expected = answers(session);
    for (const auto& file : files) {
      const auto size = fs::file_size(file);
      {
        std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
        out << std::string(size, '\x5a');
      }
      EXPECT_EQ(answers(session), expected) << "after " << file << " was overwritten";
      fs::resize_file(file, 1);
      EXPECT_EQ(answers(session), expected) << "after " << file << " was cut short";
    }
  }
};

TEST_P(InPlaceTest, APlainModel) { expect_unmoved(open(options(Preparation::off)), {model_}); }

TEST_P(InPlaceTest, APreparedModel) { expect_unmoved(open(options()), {model_}); }

TEST_P(InPlaceTest, AModelWithExternalData) {
  for (const auto preparation : {Preparation::off, Preparation::make}) {
    adopt("external.onnx");
    for (const auto* data : {"external.bin", "external_bias.bin"}) {
      fs::copy_file(test::model_path(data), models_ / data, fs::copy_options::overwrite_existing);
      age(models_ / data);
    }
    expect_unmoved(open(options(preparation)),
                   {model_, models_ / "external.bin", models_ / "external_bias.bin"});
  }
}

TEST_P(InPlaceTest, NothingOfTheUsersStaysMapped) {
  adopt("external.onnx");
  for (const auto* data : {"external.bin", "external_bias.bin"})
    fs::copy_file(test::model_path(data), models_ / data);
  const auto session = open(options(Preparation::off));
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    EXPECT_EQ(line.find(models_.path().string()), std::string::npos) << line;
  }
}

const auto kForms = testing::ValuesIn(test::kPreparedForms);
const auto kFormName = [](const auto& instance) { return test::name_of(instance.param); };
INSTANTIATE_TEST_SUITE_P(Forms, PreparedSessionTest, kForms, kFormName);
INSTANTIATE_TEST_SUITE_P(Forms, PreparedSessionThreads, kForms, kFormName);
INSTANTIATE_TEST_SUITE_P(Forms, InPlaceTest, kForms, kFormName);

}  // namespace
}  // namespace onda
