#include "runtime/prepared_workspace.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;
using base::PrivateDirectory;
using test::throws_error;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class PreparedWorkspaceTest : public testing::Test {
 protected:
  /// The model of `models/m.onnx` and external data under these names.
  [[nodiscard]] ModelIdentity identify(const std::vector<std::string>& names) const {
    ModelIdentity identity{.model = model_, .opened = model_, .files = {}};
    identity.files.push_back({.name = {}, .stamp = base::stamp_of(model_), .sha256 = {}});
    for (const std::string& name : names) {
      identity.files.push_back(
          {.name = name, .stamp = base::stamp_of(model_.parent_path() / name), .sha256 = {}});
    }
    return identity;
  }

  test::TempDirectory temp_;
  fs::path model_ = temp_.write("models/m.onnx", "the model");
  PrivateDirectory cache_ = PrivateDirectory::open(temp_ / "cache", PrivateDirectory::Absent::create);
};

TEST_F(PreparedWorkspaceTest, CopiesAModelWithItsDataBesideIt) {
  temp_.write("models/w.bin", std::string(3'000'000, 'w'));
  temp_.write("models/data/deep/b.bin", "bias");
  PreparedWorkspace workspace(cache_);
  const auto copy = workspace.copy(identify({"data/deep/b.bin", "w.bin", "./w.bin"}));
  EXPECT_EQ(content(copy), "the model");
  EXPECT_EQ(copy.filename(), "m.onnx");
  EXPECT_EQ(content(copy.parent_path() / "w.bin"), std::string(3'000'000, 'w'));
  EXPECT_EQ(content(copy.parent_path() / "data/deep/b.bin"), "bias");
  EXPECT_NE(base::stamp_of(copy).inode, base::stamp_of(model_).inode);
}

TEST_F(PreparedWorkspaceTest, LeavesNothing) {
  {
    PreparedWorkspace workspace(cache_);
    const auto copy = workspace.copy(identify({}));
    static_cast<void>(workspace.output().create_file("saved"));
    workspace.remove_copies();
    EXPECT_FALSE(fs::exists(copy));
    EXPECT_TRUE(fs::exists(workspace.output().path() / "saved"));
  }
  EXPECT_TRUE(fs::is_empty(temp_ / "cache"));
}

TEST_F(PreparedWorkspaceTest, TakesNoDataFromElsewhere) {
  temp_.write("models/w.bin", "w");
  temp_.write("models/data/x", "");
  auto identity = identify({"w.bin"});
  PreparedWorkspace workspace(cache_);
  identity.files[1].name = "data/../w.bin";
  EXPECT_TRUE(throws_error([&] { return workspace.copy(identity); }, ErrorCode::failed_precondition, ".."));
  fs::rename(model_.parent_path() / "w.bin", temp_ / "w.bin");
  fs::create_symlink(temp_ / "w.bin", model_.parent_path() / "w.bin");
  identity.files[1].name = "w.bin";
  PreparedWorkspace other(cache_);
  EXPECT_TRUE(throws_error([&] { return other.copy(identity); }, ErrorCode::permission_denied));
}

TEST_F(PreparedWorkspaceTest, NoticesAFileThatHasBecomeShorter) {
  temp_.write("models/w.bin", std::string(5000, 'w'));
  const auto identity = identify({"w.bin"});
  fs::resize_file(model_.parent_path() / "w.bin", 10);
  PreparedWorkspace workspace(cache_);
  EXPECT_TRUE(
      throws_error([&] { return workspace.copy(identity); }, ErrorCode::failed_precondition, "shorter"));
}

}  // namespace
}  // namespace onda::runtime
