#include "base/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/files.h"
#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

using test::TempDirectory;
using test::throws_error;

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, ShowsTheContent) {
  const TempDirectory directory;
  const std::string text(10'000, 'x');
  EXPECT_EQ(text_of(MappedFile(directory.write("a", text))), text);
  EXPECT_TRUE(MappedFile(directory.write("empty", "")).bytes().empty());
  EXPECT_TRUE(MappedFile().bytes().empty());
}

TEST(MappedFile, OutlivesItsDescriptorAndItsName) {
  const TempDirectory directory;
  const std::filesystem::path file = directory.write("a", "old");
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const MappedFile mapped(descriptor);
  close(descriptor);
  write_file_atomically(file, std::string_view("new"));
  EXPECT_EQ(text_of(mapped), "old");
  std::filesystem::remove(file);
  EXPECT_EQ(text_of(mapped), "old");
}

TEST(MappedFile, MovesWithItsMapping) {
  const TempDirectory directory;
  MappedFile first(directory.write("a", "aaa"));
  MappedFile second(directory.write("b", "bb"));
  const std::byte* address = first.bytes().data();
  MappedFile moved(std::move(first));
  EXPECT_EQ(moved.bytes().data(), address);
  second = std::move(moved);
  EXPECT_EQ(text_of(second), "aaa");
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  const TempDirectory directory;
  EXPECT_TRUE(throws_error([&] { MappedFile(directory / "none"); }, ErrorCode::not_found, "No such file"));
  EXPECT_TRUE(
      throws_error([&] { MappedFile(directory.path()); }, ErrorCode::invalid_argument, "is a directory"));
  EXPECT_TRUE(throws_error([] { MappedFile(-1); }, ErrorCode::internal, "Bad file descriptor"));
  // Opening it for reading would wait for a writer.
  const std::filesystem::path pipe = directory / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(throws_error([&] { MappedFile{pipe}; }, ErrorCode::invalid_argument, "is a pipe"));
}

}  // namespace
}  // namespace onda::base
