#include "base/random_access_file.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <utility>

#include "base/files.h"
#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

using test::TempDirectory;

std::string read(const RandomAccessFile& file, std::uint64_t offset, std::size_t count) {
  std::string text(count, '?');
  text.resize(file.read_at(offset, std::as_writable_bytes(std::span(text))));
  return text;
}

TEST(RandomAccessFile, ReadsPiecesAndLessAtTheEnd) {
  const TempDirectory directory;
  const RandomAccessFile file(directory.write("a", "0123456789"));
  EXPECT_EQ(file.size(), 10U);
  EXPECT_EQ(read(file, 3, 4), "3456");
  EXPECT_EQ(read(file, 8, 4), "89");
  EXPECT_EQ(read(file, 10, 4), "");
  EXPECT_EQ(read(file, 1'000'000, 4), "");
}

TEST(RandomAccessFile, ReadsBehindFourGigabytes) {
  const TempDirectory directory;
  const std::filesystem::path path = directory.write("sparse", "");
  constexpr std::uint64_t kOffset = (std::uint64_t{5} << 30U) + 1;
  std::filesystem::resize_file(path, kOffset);
  std::ofstream(path, std::ios::app) << "end";
  const RandomAccessFile file(path);
  EXPECT_EQ(file.size(), kOffset + 3);
  EXPECT_EQ(read(file, kOffset - 1, 10), std::string("\0end", 4));
}

TEST(RandomAccessFile, StaysWithTheFileThatWasOpened) {
  const TempDirectory directory;
  const std::filesystem::path path = directory.write("a", "old");
  RandomAccessFile first(path);
  write_file_atomically(path, std::string_view("new"));
  const RandomAccessFile second(std::move(first));
  EXPECT_EQ(read(second, 0, 3), "old");
}

TEST(RandomAccessFile, RefusesWhatIsNoFile) {
  const TempDirectory directory;
  EXPECT_TRUE(test::throws_error([&] { RandomAccessFile{directory.path()}; }, ErrorCode::invalid_argument,
                                 "is a directory"));
  EXPECT_TRUE(test::throws_error([&] { RandomAccessFile{directory / "none"}; }, ErrorCode::not_found,
                                 "No such file"));
}

}  // namespace
}  // namespace onda::base
