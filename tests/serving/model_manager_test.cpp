#include "serving/model_manager.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "serving/steady_timing.h"
#include "serving/worker_threads.h"
#include "support/error_matchers.h"
#include "support/runtime.h"
#include "support/temp_directory.h"

namespace onda::serving {
namespace {

namespace fs = std::filesystem;

/// A request that can be waited for.
class Request final : public InferenceRequest {
 public:
  void wait() const { done_.wait(false); }

 protected:
  void on_complete() noexcept override {
    done_ = true;
    done_.notify_all();
  }

 private:
  std::atomic<bool> done_{false};
};

class ModelManagerTest : public testing::Test {
 protected:
  ~ModelManagerTest() override { manager_.reset(); }

  /// A copy of one of the small models as a version in the repository.
  void put(const std::string& model, int version, const std::string& from = "identity_float32") {
    const fs::path to = repository_ / model / std::to_string(version);
    fs::create_directories(to);
    fs::copy_file(test::model_path(from + ".onnx"), to / "model.onnx", fs::copy_options::overwrite_existing);
  }
  void configure(const std::string& model, const std::string& text) {
    fs::create_directories(repository_ / model);
    std::ofstream(repository_ / model / "config.pbtxt") << text;
  }

  ModelManager& make(ModelControl control, std::vector<std::string> startup = {}) {
    ManagerOptions options;
    options.repositories = {repository_};
    options.control = control;
    options.startup_models = std::move(startup);
    options.loading.prepare = PrepareMode::never;
    options.load_timeout = std::chrono::seconds(60);
    options.log = [this](LogLevel level, std::string_view line) {
      const std::scoped_lock lock(mutex_);
      if (level >= LogLevel::warning) logged_ += std::string(line) + "\n";
    };
    manager_ = std::make_unique<ModelManager>(test::runtime(), std::move(options), workers_, timing_);
    return *manager_;
  }

  /// The output of one run on this version, whose only input is float32.
  std::vector<float> run(const std::shared_ptr<ModelVersion>& version, std::vector<float> values) {
    Request request;
    request.version = version;
    const auto& input = version->inputs()[0];
    Shape shape = input.shape;
    for (std::size_t axis = 0; axis < shape.rank(); ++axis)
      shape[axis] = axis + 1 == shape.rank() ? static_cast<std::int64_t>(values.size()) : 1;
    request.inputs.push_back({input.name, TensorView::of<float>(shape, std::span<const float>(values))});
    version->submit(request, Caller::any_thread);
    request.wait();
    if (request.result.error) throw *request.result.error;
    const auto output = request.result.outputs.at(0).tensor.as<float>();
    return {output.begin(), output.end()};
  }

  test::TempDirectory directory_;
  fs::path repository_ = directory_.path() / "models";
  SteadyTiming timing_;
  WorkerThreads workers_{2};
  std::mutex mutex_;
  std::string logged_;
  std::unique_ptr<ModelManager> manager_;
};

TEST_F(ModelManagerTest, ServesWhatIsThereAtTheStart) {
  put("a", 1);
  put("b", 1);
  auto& manager = make(ModelControl::none);
  EXPECT_FALSE(manager.is_ready());
  EXPECT_EQ(manager.start(), 2U);
  EXPECT_TRUE(manager.is_ready());
  EXPECT_TRUE(manager.is_ready("a", ""));
  EXPECT_TRUE(manager.is_ready("a", "1"));
  EXPECT_EQ(manager.all_versions().size(), 2U);
  EXPECT_EQ(run(manager.find("b", ""), {1, 2, 3, 4}), std::vector<float>({1, 2, 3, 4}));
}

TEST_F(ModelManagerTest, TellsUnknownFromNotReady) {
  put("a", 1);
  put("broken", 1);
  std::ofstream(repository_ / "broken" / "1" / "model.onnx") << "no model";
  auto& manager = make(ModelControl::none);
  EXPECT_EQ(manager.start(), 1U);
  EXPECT_TRUE(test::throws_error([&] { static_cast<void>(manager.find("nobody", "")); }, ErrorCode::not_found,
                                 "Request for unknown model: 'nobody' is not found"));
  EXPECT_TRUE(test::throws_error([&] { static_cast<void>(manager.find("a", "7")); }, ErrorCode::not_found,
                                 "Request for unknown model: 'a' version 7 is not found"));
  EXPECT_TRUE(test::throws_error([&] { static_cast<void>(manager.find("broken", "")); }, ErrorCode::not_found,
                                 "has no available versions"));
  EXPECT_TRUE(test::throws_error([&] { static_cast<void>(manager.find("broken", "1")); },
                                 ErrorCode::unavailable, "version 1 is not at ready state"));
  EXPECT_TRUE(test::throws_error([&] { static_cast<void>(manager.find("a", "-1")); },
                                 ErrorCode::invalid_argument, "version"));
  EXPECT_TRUE(test::throws_error([&] { static_cast<void>(manager.find("a", "1x")); },
                                 ErrorCode::invalid_argument, "version"));
  EXPECT_FALSE(manager.is_ready());
  EXPECT_FALSE(manager.is_ready("broken", ""));
}

TEST_F(ModelManagerTest, ABrokenModelLeavesTheOthersAlone) {
  put("good", 1);
  put("ensemble", 1);
  configure("ensemble", "platform: \"ensemble\"\nensemble_scheduling { }\n");
  auto& manager = make(ModelControl::none);
  EXPECT_EQ(manager.start(), 1U);
  EXPECT_TRUE(manager.is_ready("good", ""));
  const auto index = manager.index(false);
  ASSERT_EQ(index.size(), 2U);
  EXPECT_EQ(index[0].model, "ensemble");
  EXPECT_EQ(index[0].state, VersionState::unavailable);
  EXPECT_FALSE(index[0].reason.empty());
  EXPECT_EQ(index[1].state, VersionState::ready);
  EXPECT_EQ(manager.index(true).size(), 1U);
}

TEST_F(ModelManagerTest, TheHighestVersionIsServedByDefaultAndThePolicyDecides) {
  put("a", 1);
  put("a", 3);
  configure("a", "version_policy { all { } }");
  put("b", 1);
  put("b", 2);
  auto& manager = make(ModelControl::none);
  manager.start();
  EXPECT_EQ(manager.find("a", "")->number(), 3);
  EXPECT_EQ(manager.find("a", "1")->number(), 1);
  EXPECT_EQ(manager.versions("a").size(), 2U);
  EXPECT_EQ(manager.versions("b").size(), 1U);
  EXPECT_EQ(manager.find("b", "")->number(), 2);
}

TEST_F(ModelManagerTest, RescanLoadsWhatIsNewAndUnloadsWhatIsGone) {
  put("a", 1);
  auto& manager = make(ModelControl::none);
  manager.start();
  put("a", 2);
  put("b", 1);
  manager.rescan();
  EXPECT_EQ(manager.find("a", "")->number(), 2);
  EXPECT_TRUE(manager.is_ready("b", ""));
  EXPECT_TRUE(test::throws_error([&] { static_cast<void>(manager.find("a", "1")); }, ErrorCode::unavailable,
                                 "not at ready state"));
  fs::remove_all(repository_ / "b");
  manager.rescan();
  EXPECT_FALSE(manager.is_ready("b", ""));
  EXPECT_TRUE(manager.is_ready());
}

TEST_F(ModelManagerTest, AFailedReloadLeavesTheOldOneServing) {
  put("a", 1);
  auto& manager = make(ModelControl::explicit_, {"a"});
  manager.start();
  const auto* before = manager.find("a", "").get();
  // By rename, as deployments do it.
  std::ofstream(repository_ / "a" / "1" / "new") << "no model";
  fs::rename(repository_ / "a" / "1" / "new", repository_ / "a" / "1" / "model.onnx");
  EXPECT_TRUE(test::throws_error([&] { manager.load("a"); }, ErrorCode::invalid_argument,
                                 "load failed for model 'a'"));
  EXPECT_EQ(manager.find("a", "").get(), before);
  EXPECT_EQ(run(manager.find("a", ""), {4, 4, 4, 4}), std::vector<float>({4, 4, 4, 4}));
  put("a", 1);
  manager.load("a");
  EXPECT_TRUE(manager.is_ready("a", ""));
}

TEST_F(ModelManagerTest, LoadingWhatIsUnchangedChangesNothing) {
  put("a", 1);
  auto& manager = make(ModelControl::explicit_);
  EXPECT_EQ(manager.start(), 0U);
  EXPECT_FALSE(manager.is_ready("a", ""));
  manager.load("a");
  const auto* before = manager.find("a", "").get();
  manager.load("a");
  EXPECT_EQ(manager.find("a", "").get(), before);
}

TEST_F(ModelManagerTest, UnloadWaitsForRequestsAndWorksWithoutFiles) {
  put("a", 1);
  auto& manager = make(ModelControl::explicit_, {"a"});
  manager.start();
  auto held = manager.find("a", "");
  fs::remove_all(repository_ / "a");
  std::atomic<bool> is_unloaded{false};
  std::jthread unloading([&] {
    manager.unload("a");
    is_unloaded = true;
  });
  // New requests are refused while the old one goes on.
  while (manager.is_ready("a", "")) std::this_thread::yield();
  EXPECT_EQ(run(held, {5, 5, 5, 5}), std::vector<float>({5, 5, 5, 5}));
  EXPECT_FALSE(is_unloaded.load());
  held.reset();
  unloading.join();
  const auto index = manager.index(false);
  ASSERT_EQ(index.size(), 1U);
  EXPECT_EQ(index[0].state, VersionState::unavailable);
  EXPECT_EQ(index[0].reason, "unloaded");
  // It was done on purpose.
  EXPECT_TRUE(manager.is_ready());
  manager.unload("nobody");
}

TEST_F(ModelManagerTest, OnlyExplicitModeLetsClientsLoad) {
  put("a", 1);
  auto& manager = make(ModelControl::none);
  manager.start();
  EXPECT_TRUE(test::throws_error([&] { manager.load("a"); }, ErrorCode::unavailable,
                                 "explicit model load / unload is not allowed"));
  EXPECT_TRUE(test::throws_error([&] { manager.unload("a"); }, ErrorCode::unavailable,
                                 "explicit model load / unload is not allowed"));
}

TEST_F(ModelManagerTest, LoadingWhatNoRepositoryHasFails) {
  fs::create_directories(repository_);
  auto& manager = make(ModelControl::explicit_);
  manager.start();
  EXPECT_TRUE(test::throws_error([&] { manager.load("ghost"); }, ErrorCode::internal,
                                 "failed to load 'ghost', failed to poll from model repository"));
  EXPECT_TRUE(test::throws_error([&] { manager.load(".."); }, ErrorCode::invalid_argument,
                                 "model name must not contain path traversal characters"));
  EXPECT_TRUE(test::throws_error([&] { manager.load(""); }, ErrorCode::invalid_argument,
                                 "Model name cannot be empty"));
}

TEST_F(ModelManagerTest, AConfigOfAClientSticksUntilTheModelIsUnloaded) {
  put("a", 1);
  auto& manager = make(ModelControl::explicit_, {"a"});
  manager.start();
  const int before = manager.find("a", "")->config().max_batch_size;
  LoadOverride with;
  with.config = R"({"max_batch_size": "0", "instance_group": [{"count": 3}]})";
  manager.load("a", with);
  EXPECT_EQ(manager.find("a", "")->config().max_batch_size, 0);
  EXPECT_EQ(instance_count(manager.find("a", "")->config()), 3);
  manager.load("a");
  EXPECT_EQ(instance_count(manager.find("a", "")->config()), 3);
  manager.unload("a");
  manager.load("a");
  EXPECT_EQ(manager.find("a", "")->config().max_batch_size, before);
}

TEST_F(ModelManagerTest, AnUploadedModelIsServedUntilItIsUnloaded) {
  fs::create_directories(repository_);
  auto& manager = make(ModelControl::explicit_);
  manager.start();
  std::ifstream file(test::model_path("identity_float32.onnx"), std::ios::binary);
  LoadOverride with;
  with.config = "{}";
  with.files.push_back({"1/model.onnx", {std::istreambuf_iterator<char>(file), {}}});
  manager.load("sent", with);
  EXPECT_EQ(run(manager.find("sent", "1"), {6, 6, 6, 6}), std::vector<float>({6, 6, 6, 6}));
  ASSERT_EQ(manager.index(true).size(), 1U);
  manager.unload("sent");
  EXPECT_FALSE(manager.is_ready("sent", ""));

  LoadOverride escaping = with;
  escaping.files[0].path = "1/../../model.onnx";
  EXPECT_TRUE(test::throws_error([&] { manager.load("sent", escaping); }, ErrorCode::invalid_argument,
                                 "load failed for model 'sent'"));
  LoadOverride bare = with;
  bare.config.reset();
  EXPECT_TRUE(test::throws_error([&] { manager.load("sent", bare); }, ErrorCode::invalid_argument, "config"));
}

TEST_F(ModelManagerTest, DrainingIsNotReady) {
  put("a", 1);
  auto& manager = make(ModelControl::none);
  manager.start();
  manager.drain();
  EXPECT_FALSE(manager.is_ready());
  EXPECT_TRUE(manager.is_draining());
}

/// Requests find their version, and run, while it is loaded and unloaded again and again.
TEST(ModelManagerThreads, NoRequestIsLostOverReloads) {
  const test::TempDirectory directory;
  const fs::path version = directory.path() / "a" / "1";
  fs::create_directories(version);
  fs::copy_file(test::model_path("identity_float32.onnx"), version / "model.onnx");
  SteadyTiming timing;
  WorkerThreads workers(2);
  ManagerOptions options;
  options.repositories = {directory.path()};
  options.control = ModelControl::explicit_;
  options.startup_models = {"*"};
  options.loading.prepare = PrepareMode::never;
  ModelManager manager(test::runtime(), options, workers, timing);
  ASSERT_EQ(manager.start(), 1U);
  std::atomic<bool> is_over{false};
  std::atomic<int> failed{0};
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 2; ++i) {
      clients.emplace_back([&] {
        const std::vector<float> values = {1, 2, 3, 4};
        while (!is_over) {
          Request request;
          request.version = manager.find("a", "");
          Shape shape = request.version->inputs()[0].shape;
          for (std::size_t axis = 0; axis < shape.rank(); ++axis)
            shape[axis] = axis + 1 == shape.rank() ? 4 : 1;
          request.inputs.push_back({request.version->inputs()[0].name,
                                    TensorView::of<float>(shape, std::span<const float>(values))});
          request.version->submit(request, Caller::io_thread);
          request.wait();
          ++(request.result.error ? failed : answered);
        }
      });
    }
    for (int i = 0; i < 10; ++i) {
      LoadOverride with;
      with.config = R"({"instance_group": [{"count": )" + std::to_string(1 + i % 3) + "}]}";
      manager.load("a", with);
    }
    is_over = true;
  }
  EXPECT_EQ(failed.load(), 0);
  EXPECT_GT(answered.load(), 0);
}

}  // namespace
}  // namespace onda::serving
