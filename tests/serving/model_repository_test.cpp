#include "serving/model_repository.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::serving {
namespace {

namespace fs = std::filesystem;

class ModelRepositoryTest : public testing::Test {
 protected:
  [[nodiscard]] RepositoryContent read(std::vector<fs::path> roots = {}) const {
    if (roots.empty()) roots.push_back(folder_.path());
    return read_repositories(roots);
  }
  [[nodiscard]] ModelSource only() const {
    auto content = read();
    EXPECT_EQ(content.models.size(), 1U);
    return content.models.empty() ? ModelSource{} : content.models.front();
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& model : read().models) result.push_back(model.name);
    return result;
  }

  test::TempDirectory folder_;
};

std::vector<std::int64_t> numbers(const ModelSource& source) {
  std::vector<std::int64_t> result;
  for (const auto& version : source.versions) result.push_back(version.version);
  return result;
}

TEST_F(ModelRepositoryTest, ADirectoryOfModelsWithVersions) {
  folder_.write("b/2/model.onnx", "x");
  folder_.write("b/10/model.onnx", "x");
  folder_.write("b/config.pbtxt", "");
  folder_.write("a/1/model.onnx", "x");
  folder_.write("README.md", "x");
  const auto content = read();
  ASSERT_EQ(content.models.size(), 2U);
  EXPECT_EQ(content.models[0].name, "a");
  EXPECT_FALSE(content.models[0].config);
  EXPECT_EQ(content.models[1].name, "b");
  EXPECT_EQ(content.models[1].directory, folder_ / "b");
  EXPECT_EQ(content.models[1].config, folder_ / "b/config.pbtxt");
  EXPECT_EQ(numbers(content.models[1]), (std::vector<std::int64_t>{2, 10}));
  EXPECT_EQ(content.models[1].versions[1].file, folder_ / "b/10/model.onnx");
  EXPECT_EQ(content.models[1].versions[1].problem, "");
  EXPECT_EQ(content.models[1].problem, "");
  EXPECT_TRUE(content.warnings.empty());
}

TEST_F(ModelRepositoryTest, ADirectoryOfFiles) {
  folder_.write("tiny.v2.onnx", "x");
  folder_.write("other.txt", "x");
  const ModelSource source = only();
  EXPECT_EQ(source.name, "tiny.v2");
  EXPECT_TRUE(source.directory.empty());
  EXPECT_EQ(numbers(source), std::vector<std::int64_t>{1});
  EXPECT_EQ(source.versions[0].file, folder_ / "tiny.v2.onnx");
}

TEST_F(ModelRepositoryTest, OneFile) {
  const auto file = folder_.write("tiny.onnx", "x");
  const auto content = read({file});
  ASSERT_EQ(content.models.size(), 1U);
  EXPECT_EQ(content.models[0].name, "tiny");
  EXPECT_EQ(content.models[0].versions.at(0).file, file);
}

TEST_F(ModelRepositoryTest, OnlyNumbersAreVersions) {
  for (const auto* version :
       {"0", "7", "01", "007", "99999999999999999999", "9223372036854775807", "v2", "1a", "-3"})
    folder_.write("m/" + std::string(version) + "/model.onnx", "x");
  folder_.write("m/5", "a file");
  const ModelSource source = only();
  EXPECT_EQ(numbers(source), (std::vector<std::int64_t>{0, 7, std::numeric_limits<std::int64_t>::max()}));
  EXPECT_EQ(source.warnings.size(), 3U);
}

TEST_F(ModelRepositoryTest, AModelWithoutVersionsIsListedWithTheReason) {
  folder_.write("empty/config.pbtxt", "");
  folder_.write("flat/model.onnx", "x");
  const auto content = read();
  ASSERT_EQ(content.models.size(), 2U);
  EXPECT_NE(content.models[0].problem.find("at least one version"), std::string::npos);
  EXPECT_NE(content.models[1].problem.find("without a version"), std::string::npos);
}

TEST_F(ModelRepositoryTest, AVersionWithoutItsFileIsListedWithTheReason) {
  folder_.write("m/1/other.onnx", "x");
  folder_.write("m/2/model.onnx", "x");
  const ModelSource source = only();
  ASSERT_EQ(numbers(source), (std::vector<std::int64_t>{1, 2}));
  EXPECT_NE(source.versions[0].problem.find("version 1"), std::string::npos);
  EXPECT_NE(source.versions[0].problem.find("is not there"), std::string::npos);
  EXPECT_EQ(source.versions[1].problem, "");
  EXPECT_EQ(source.problem, "");
}

TEST_F(ModelRepositoryTest, AnotherFileNameIsFoundWhenItIsKnown) {
  folder_.write("m/1/net.onnx", "x");
  ModelSource source = only();
  locate_model_files(source, "net.onnx");
  EXPECT_EQ(source.versions[0].file, folder_ / "m/1/net.onnx");
  EXPECT_EQ(source.versions[0].problem, "");
  for (const auto* name : {"../net.onnx", "a/net.onnx", "/net.onnx", "..", "."}) {
    EXPECT_TRUE(test::throws_error(
        [&] {
          locate_model_files(source, name);
          return 0;
        },
        ErrorCode::invalid_argument, "default_model_filename"));
  }
}

TEST_F(ModelRepositoryTest, TheModelMayBeADirectoryWithItsExternalData) {
  folder_.write("m/1/model.onnx/model.onnx", "x");
  folder_.write("m/1/model.onnx/weights.bin", "x");
  const ModelSource source = only();
  EXPECT_EQ(source.versions.at(0).file, folder_ / "m/1/model.onnx/model.onnx");
  EXPECT_EQ(source.versions[0].problem, "");
  folder_.write("n/1/model.onnx/weights.bin", "x");
  EXPECT_NE(read().models.at(1).versions.at(0).problem.find("is not there"), std::string::npos);
}

TEST_F(ModelRepositoryTest, AModelInTwoRepositoriesIsUnavailable) {
  const test::TempDirectory other;
  folder_.write("m/1/model.onnx", "x");
  folder_.write("a/1/model.onnx", "x");
  other.write("m/2/model.onnx", "x");
  const std::vector<fs::path> roots = {folder_.path(), other.path()};
  const auto content = read(roots);
  ASSERT_EQ(content.models.size(), 2U);
  EXPECT_EQ(content.models[0].problem, "");
  EXPECT_EQ(content.models[1].name, "m");
  EXPECT_EQ(content.models[1].problem, "model appears in two or more repositories");
  EXPECT_TRUE(content.models[1].versions.empty());
  EXPECT_EQ(find_model(roots, "m")->problem, "model appears in two or more repositories");
  EXPECT_EQ(find_model(roots, "a")->problem, "");
}

TEST_F(ModelRepositoryTest, ADirectoryAndAFileOfOneNameAreTwo) {
  folder_.write("m/1/model.onnx", "x");
  folder_.write("m.onnx", "x");
  EXPECT_EQ(only().problem, "model appears in two or more repositories");
}

TEST_F(ModelRepositoryTest, FindsOneModel) {
  folder_.write("m/1/model.onnx", "x");
  folder_.write("f.onnx", "x");
  const std::vector<fs::path> roots = {folder_.path()};
  EXPECT_EQ(find_model(roots, "m")->versions.size(), 1U);
  EXPECT_EQ(find_model(roots, "f")->versions.at(0).file, folder_ / "f.onnx");
  EXPECT_FALSE(find_model(roots, "f.onnx"));
  EXPECT_FALSE(find_model(roots, "other"));
  EXPECT_FALSE(find_model(roots, "..."));
  for (const auto* name : {"", " ", "..", ".", "a/b", "../x", "stats"}) {
    EXPECT_TRUE(test::throws_error([&] { return find_model(roots, name); }, ErrorCode::invalid_argument, ""));
  }
}

TEST_F(ModelRepositoryTest, HiddenDirectoriesAreModelsOnlyWhereTheyLookLikeOne) {
  folder_.write(".git/HEAD", "x");
  folder_.write("..data/model.onnx", "x");
  folder_.write(".hidden/1/model.onnx", "x");
  folder_.write("a..b/1/model.onnx", "x");
  folder_.write("model.v1/1/model.onnx", "x");
  EXPECT_EQ(names(), (std::vector<std::string>{".hidden", "a..b", "model.v1"}));
}

TEST_F(ModelRepositoryTest, LinksToModelsAndFilesAreFollowed) {
  const test::TempDirectory other;
  other.write("real/1/model.onnx", "x");
  fs::create_directory_symlink(other / "real", folder_ / "linked");
  fs::create_symlink(other / "gone", folder_ / "dangling.onnx");
  const ModelSource source = only();
  EXPECT_EQ(source.name, "linked");
  EXPECT_EQ(source.versions.at(0).problem, "");
}

TEST_F(ModelRepositoryTest, NamesThatNoModelCanHave) {
  EXPECT_EQ(problem_of_model_name("resnet-50_v1.5"), "");
  EXPECT_EQ(problem_of_model_name("..."), "");
  EXPECT_EQ(problem_of_model_name(std::string(255, 'a')), "");
  const auto has = [](std::string_view name, std::string_view part) {
    return problem_of_model_name(name).find(part) != std::string::npos;
  };
  EXPECT_TRUE(has("", "Model name cannot be empty"));
  EXPECT_TRUE(has(" \t", "Model name cannot be empty"));
  EXPECT_TRUE(has("..", "model name must not contain path traversal characters"));
  EXPECT_TRUE(has("a/b", "model name must not contain path traversal characters"));
  EXPECT_TRUE(has(std::string_view("a\0b", 3), "control"));
  EXPECT_TRUE(has("a\nb", "control"));
  EXPECT_TRUE(has("\xFF", "UTF-8"));
  EXPECT_TRUE(has(std::string(256, 'a'), "255"));
  EXPECT_TRUE(has("stats", "/v2/models/stats"));
  folder_.write("stats/1/model.onnx", "x");
  EXPECT_NE(only().problem.find("/v2/models/stats"), std::string::npos);
}

TEST_F(ModelRepositoryTest, AFingerprintChangesWithItsFiles) {
  folder_.write("m/1/model.onnx", "x");
  folder_.write("m/2/model.onnx", "x");
  folder_.write("m/config.pbtxt", "");
  const ModelSource before = only();
  const ModelSource same = only();
  EXPECT_EQ(before.fingerprint, same.fingerprint);
  EXPECT_EQ(before.versions[0].fingerprint, same.versions[0].fingerprint);
  EXPECT_NE(before.versions[0].fingerprint, before.versions[1].fingerprint);

  folder_.write("m/2/weights.bin", "x");
  const ModelSource grown = only();
  EXPECT_EQ(grown.fingerprint, before.fingerprint);
  EXPECT_EQ(grown.versions[0].fingerprint, before.versions[0].fingerprint);
  EXPECT_NE(grown.versions[1].fingerprint, before.versions[1].fingerprint);

  folder_.write("m/config.pbtxt", "max_batch_size: 4");
  EXPECT_NE(only().fingerprint, before.fingerprint);
  folder_.write("m/labels.txt", "a");
  EXPECT_NE(only().fingerprint, before.fingerprint);
}

TEST_F(ModelRepositoryTest, ARepositoryThatCannotBeReadIsAnError) {
  EXPECT_TRUE(test::throws_error([&] { return read({folder_ / "none"}); }, ErrorCode::not_found, "none"));
  EXPECT_TRUE(
      test::throws_error([&] { return read({"/dev/null"}); }, ErrorCode::invalid_argument, "/dev/null"));
  const std::vector<fs::path> gone = {folder_ / "none"};
  EXPECT_TRUE(test::throws_error([&] { return find_model(gone, "m"); }, ErrorCode::not_found, "none"));
}

TEST_F(ModelRepositoryTest, AModelGivenAsARepositoryIsToldSo) {
  folder_.write("m/1/model.onnx", "x");
  folder_.write("m/config.pbtxt", "");
  const auto content = read({folder_ / "m"});
  ASSERT_EQ(content.warnings.size(), 1U);
  EXPECT_NE(content.warnings[0].find("looks like a model"), std::string::npos);
}

}  // namespace
}  // namespace onda::serving
