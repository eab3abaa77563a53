// What publishing does is tested through `write_file_atomically`, in files_test.cpp.
#include "base/pending_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using test::throws_error;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t files_in(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), {}));
}

TEST(PendingFile, ChangesNothingUntilItIsPublished) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", "old");
  PendingFile pending(file, bytes("new"));
  EXPECT_EQ(content(file), "old");
  pending.publish();
  EXPECT_EQ(content(file), "new");
  EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(PendingFile, LeavesNothingWhereItIsNotPublished) {
  const TempDirectory directory;
  { const PendingFile pending(directory / "a", bytes("new")); }
  EXPECT_EQ(files_in(directory.path()), 0U);
}

TEST(PendingFile, CanBeMovedBeforeItIsPublished) {
  const TempDirectory directory;
  PendingFile first(directory / "a", bytes("new"));
  PendingFile second(std::move(first));
  second.publish();
  EXPECT_EQ(content(directory / "a"), "new");
}

TEST(PendingFile, FailsBeforeItIsPublishedWhereItCanKnow) {
  const TempDirectory directory;
  EXPECT_TRUE(
      throws_error([&] { return PendingFile(directory / "none/a", bytes("x")); }, ErrorCode::not_found));
  EXPECT_TRUE(
      throws_error([&] { return PendingFile(directory.path(), bytes("x")); }, ErrorCode::invalid_argument));
  PendingFile full("/dev/full", bytes("x"));
  EXPECT_TRUE(full.is_stream());
  EXPECT_FALSE(PendingFile(directory / "a", bytes("x")).is_stream());
  EXPECT_TRUE(throws_error(
      [&] {
        full.publish();
        return 0;
      },
      ErrorCode::resource_exhausted));
}

}  // namespace
}  // namespace onda::base
