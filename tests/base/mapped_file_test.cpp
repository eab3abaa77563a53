#include "base/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>
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

/// Of the mapping, in this process: not whether the system has the file in memory.
std::size_t resident_bytes(const MappedFile& file) {
  std::ostringstream start;
  start << std::hex << reinterpret_cast<std::uintptr_t>(file.bytes().data()) << '-';
  std::ifstream maps("/proc/self/smaps");
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    found = found || line.starts_with(start.str());
    if (found && line.starts_with("Rss:")) return std::stoul(line.substr(4)) * 1024;
  }
  ADD_FAILURE() << "no mapping at " << start.str();
  return 0;
}

TEST(MappedFile, ShowsTheContent) {
  const TempDirectory directory;
  const std::string text(10'000, 'x');
  EXPECT_EQ(text_of(MappedFile(directory.write("a", text))), text);
  EXPECT_TRUE(MappedFile(directory.write("empty", "")).bytes().empty());
  EXPECT_TRUE(MappedFile().bytes().empty());
}

TEST(MappedFile, ShowsTheSameContentAfterItsPagesWereDropped) {
  const TempDirectory directory;
  const std::string text(1'000'000, 'x');
  const MappedFile mapped(directory.write("a", text));
  EXPECT_EQ(text_of(mapped), text);
  EXPECT_GE(resident_bytes(mapped), text.size());
  mapped.drop_pages();
  EXPECT_EQ(resident_bytes(mapped), 0U);
  EXPECT_EQ(text_of(mapped), text);
  MappedFile().drop_pages();
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
