#include "base/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/files.h"
#include "support/expect_error.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

using test::expect_error;
using test::TempDirectory;

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
  expect_error(ErrorCode::not_found, "No such file", [&] { MappedFile(directory / "none"); });
  expect_error(ErrorCode::invalid_argument, "is a directory", [&] { MappedFile(directory.path()); });
  expect_error(ErrorCode::internal, "Bad file descriptor", [] { MappedFile(-1); });
  // Opening it for reading would wait for a writer.
  const std::filesystem::path pipe = directory / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  expect_error(ErrorCode::invalid_argument, "is a pipe", [&] { MappedFile{pipe}; });
}

}  // namespace
}  // namespace onda::base
