#include "serving/model_upload.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/files.h"
#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::serving {
namespace {

namespace fs = std::filesystem;

struct File {
  std::string path;
  std::string content;
};

class ModelUploadTest : public testing::Test {
 protected:
  [[nodiscard]] ModelUpload upload(const std::vector<File>& files, std::string_view name = "m") const {
    std::vector<UploadedFile> views;
    for (const auto& file : files) views.push_back({file.path, std::as_bytes(std::span(file.content))});
    return ModelUpload::write(name, views, options_);
  }
  [[nodiscard]] testing::AssertionResult refused(const std::vector<File>& files, std::string_view part,
                                                 ErrorCode code = ErrorCode::invalid_argument) const {
    auto result = test::throws_error([&] { return upload(files); }, code, part);
    if (result && !fs::is_empty(folder_.path()))
      return testing::AssertionFailure() << "something was written";
    return result;
  }

  test::TempDirectory folder_;
  UploadOptions options_{.max_files = 3, .max_bytes = 100, .directory = folder_.path()};
};

TEST_F(ModelUploadTest, ReadsLikeADirectoryOfARepository) {
  const ModelUpload upload =
      this->upload({{"1/model.onnx", "one"}, {"3/model.onnx", "three"}, {"labels.txt", "a"}});
  const ModelSource& source = upload.source();
  EXPECT_EQ(source.name, "m");
  ASSERT_EQ(source.versions.size(), 2U);
  EXPECT_EQ(source.versions[1].version, 3);
  const auto bytes = base::read_file(source.versions[1].file, 100);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "three");
  EXPECT_TRUE(fs::is_regular_file(source.directory / "labels.txt"));
  EXPECT_EQ(fs::status(source.directory).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(ModelUploadTest, TheDirectoryGoesWithTheLastHandle) {
  std::optional<ModelUpload> upload = this->upload({{"1/model.onnx", "one"}});
  const fs::path file = upload->source().versions.at(0).file;
  std::shared_ptr<const void> hold = upload->hold();
  upload.reset();
  EXPECT_TRUE(fs::exists(file));
  hold.reset();
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(ModelUploadTest, TwoUploadsOfOneModelAreApart) {
  const ModelUpload first = upload({{"1/model.onnx", "one"}});
  const ModelUpload second = upload({{"1/model.onnx", "two"}});
  EXPECT_NE(first.source().directory, second.source().directory);
}

TEST_F(ModelUploadTest, DeeperFilesAreTaken) {
  const ModelUpload upload = this->upload({{"1/model.onnx/model.onnx", "one"}, {"1/model.onnx/w.bin", "w"}});
  EXPECT_EQ(upload.source().versions.at(0).problem, "");
  EXPECT_TRUE(upload.source().versions[0].file.string().ends_with("model.onnx/model.onnx"));
}

TEST_F(ModelUploadTest, NothingLeadsOutOfTheDirectory) {
  for (const std::string& path :
       {std::string("../model.onnx"), std::string("1/../../model.onnx"), std::string("1/.."),
        std::string("."), std::string("1/./model.onnx"), std::string("1//model.onnx"), std::string("1/"),
        std::string(), std::string("/etc/model.onnx"), std::string("1/a\0b", 5), std::string("1/a\nb")})
    EXPECT_TRUE(refused({{path, "x"}}, "file \"")) << path;
  EXPECT_TRUE(refused({{"one/model.onnx", "x"}}, "<version>/<file name>"));
  EXPECT_TRUE(refused({{"1/" + std::string(256, 'a'), "x"}}, "255"));
  EXPECT_TRUE(refused({{"1/a/b/c/d", "x"}}, "parts"));
}

TEST_F(ModelUploadTest, OneBadFileRefusesAll) {
  EXPECT_TRUE(refused({{"1/model.onnx", "x"}, {"../y", "x"}}, "\"../y\""));
  EXPECT_TRUE(refused({{"1/model.onnx", "x"}, {"1/model.onnx", "y"}}, "twice"));
  EXPECT_TRUE(refused({{"1/model.onnx", "x"}, {"1/model.onnx/w", "y"}}, "directory of another"));
}

TEST_F(ModelUploadTest, FilesAndBytesAreBounded) {
  EXPECT_TRUE(refused({}, "at least one"));
  EXPECT_TRUE(refused({{"1/a", ""}, {"1/b", ""}, {"1/c", ""}, {"1/d", ""}}, "at most 3",
                      ErrorCode::resource_exhausted));
  EXPECT_TRUE(refused({{"1/a", std::string(60, 'x')}, {"1/b", std::string(41, 'x')}}, "100 bytes",
                      ErrorCode::resource_exhausted));
  EXPECT_NO_THROW((void)upload({{"1/a", std::string(60, 'x')}, {"1/b", std::string(40, 'x')}}));
}

TEST_F(ModelUploadTest, TheNameIsAModels) {
  EXPECT_TRUE(test::throws_error(
      [&] {
        return upload({{"1/model.onnx", "x"}}, "../m");
      },
      ErrorCode::invalid_argument, "path traversal"));
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(ModelUploadTest, ADirectoryOfOthersIsNotUsed) {
  fs::permissions(folder_.path(), fs::perms::others_write, fs::perm_options::add);
  EXPECT_TRUE(test::throws_error(
      [&] {
        return upload({{"1/model.onnx", "x"}});
      },
      ErrorCode::permission_denied, ""));
}

}  // namespace
}  // namespace onda::serving
