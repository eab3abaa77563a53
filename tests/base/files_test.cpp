#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include "support/error_matchers.h"
#include "support/in_child.h"
#include "support/ordinary_user.h"
#include "support/run_process.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using test::throws_error;

constexpr std::uint64_t kPlenty = 1U << 20U;

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string content(const fs::path& path) { return text_of(read_file(path, kPlenty)); }

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

TEST(StampOf, IsEqualUntilTheFileChanges) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", "12345");
  const FileStamp before = stamp_of(file);
  EXPECT_EQ(before.size, 5U);
  EXPECT_EQ(before, stamp_of(file));
  directory.write("a", "54321!");
  EXPECT_NE(before, stamp_of(file));
}

TEST(StampOf, SeesThatATimeWasPutBack) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", "12345");
  const FileStamp before = stamp_of(file);
  const fs::file_time_type time = fs::last_write_time(file);
  FileStamp after = before;
  // The kernel's clock of times moves in steps of some milliseconds.
  for (int i = 0; i < 100'000 && after.ctime_ns == before.ctime_ns; ++i) {
    directory.write("a", "54321");
    fs::last_write_time(file, time);
    after = stamp_of(file);
  }
  EXPECT_EQ(after.mtime_ns, before.mtime_ns);
  EXPECT_NE(after, before);
}

TEST(StampOf, RefusesWhatIsNoFile) {
  const TempDirectory directory;
  EXPECT_TRUE(throws_error([&] { (void)stamp_of(directory.path()); }, ErrorCode::invalid_argument,
                           "is a directory, expected a file"));
  EXPECT_TRUE(throws_error([] { (void)stamp_of("/dev/null"); }, ErrorCode::invalid_argument, "is a device"));
  EXPECT_TRUE(
      throws_error([&] { (void)stamp_of(directory / "none"); }, ErrorCode::not_found, "No such file"));
}

TEST(ReadFile, ReadsAllBytes) {
  const TempDirectory directory;
  std::string text(300'000, 'x');
  text[7] = '\0';
  EXPECT_EQ(content(directory.write("a", text)), text);
  EXPECT_EQ(content(directory.write("empty", "")), "");
}

TEST(ReadFile, TakesExactlyTheLimitAndNoByteMore) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", "12345");
  EXPECT_EQ(read_file(file, 5).size(), 5U);
  EXPECT_TRUE(throws_error([&] { (void)read_file(file, 4); }, ErrorCode::resource_exhausted,
                           "has 5 bytes, the limit is 4 bytes"));
}

TEST(ReadFile, AllocatesNothingForAGiantFile) {
  const TempDirectory directory;
  const fs::path file = directory.write("sparse", "");
  fs::resize_file(file, std::uintmax_t{1} << 42U);
  EXPECT_TRUE(
      throws_error([&] { (void)read_file(file, kPlenty); }, ErrorCode::resource_exhausted, "the limit is"));
}

TEST(ReadFile, ReadsWhatHasNoSize) {
  EXPECT_NE(content("/proc/self/status").find("VmRSS"), std::string::npos);
}

TEST(ReadFile, BoundsWhatHasNoEnd) {
  EXPECT_TRUE(throws_error([] { (void)read_file("/dev/zero", kPlenty); }, ErrorCode::resource_exhausted,
                           "the limit is"));
}

TEST(ReadFile, ReadsAPipeUntilItsEnd) {
  const TempDirectory directory;
  const fs::path pipe = directory / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string text(200'000, 'y');
  const std::jthread writer([&] { std::ofstream(pipe) << text; });
  EXPECT_EQ(content(pipe), text);
}

TEST(ReadFile, SaysWhatIsWrong) {
  const TempDirectory directory;
  EXPECT_TRUE(throws_error([] { (void)read_file("/no/such/x.onnx", kPlenty); }, ErrorCode::not_found,
                           "cannot open \"/no/such/x.onnx\": No such file or directory"));
  EXPECT_TRUE(throws_error([&] { (void)read_file(directory.path(), kPlenty); }, ErrorCode::invalid_argument,
                           "Is a directory"));
}

TEST(ReadFile, RefusesWhatTheUserMayNotRead) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", "secret");
  fs::permissions(file, fs::perms::none);
  const test::OrdinaryUser user(directory.path());
  EXPECT_TRUE(throws_error([&] { (void)read_file(file, kPlenty); }, ErrorCode::permission_denied,
                           "Permission denied"));
}

TEST(ReadStandardInput, ReadsAPipe) {
  const std::string text(200'000, 'z');
  // This program again, in the role of the test below.
  const auto result = test::run_process({test::this_program().string(), "--gtest_filter=StandardInputRole.*"},
                                        {.environment = {{"ONDA_TEST_STDIN", "200000"}}, .input = text});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

// On its own it reads nothing and checks the limit of nothing.
TEST(StandardInputRole, GetsWhatWasSent) {
  const char* expected = std::getenv("ONDA_TEST_STDIN");
  if (expected == nullptr) {
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(dup2(null, STDIN_FILENO), STDIN_FILENO);
    close(null);
  }
  const std::vector<std::byte> bytes = read_standard_input(kPlenty);
  EXPECT_EQ(bytes.size(), expected == nullptr ? 0U : std::stoul(expected));
}

TEST(WriteFileAtomically, MakesAndReplaces) {
  const TempDirectory directory;
  const fs::path file = directory / "a";
  write_file_atomically(file, std::string_view("one"));
  EXPECT_EQ(content(file), "one");
  write_file_atomically(file, std::string_view("two"), true);
  EXPECT_EQ(content(file), "two");
  EXPECT_EQ(names_in(directory.path()), Names{"a"});
}

TEST(WriteFileAtomically, LeavesReadersTheOldContent) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", "old");
  std::ifstream reader(file);
  write_file_atomically(file, std::string_view("new"));
  std::string text;
  reader >> text;
  EXPECT_EQ(text, "old");
}

TEST(WriteFileAtomically, KeepsPermissions) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", "old");
  fs::permissions(file, fs::perms(0640));
  write_file_atomically(file, std::string_view("new"));
  EXPECT_EQ(fs::status(file).permissions(), fs::perms(0640));
}

TEST(WriteFileAtomically, ReplacesTheTargetOfALink) {
  const TempDirectory directory;
  const fs::path file = directory.write("real/a", "old");
  const fs::path link = directory / "link";
  fs::create_symlink(file, link);
  write_file_atomically(link, std::string_view("new"));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(content(file), "new");
}

TEST(WriteFileAtomically, WritesToADeviceAndLeavesItThere) {
  write_file_atomically("/dev/null", std::string_view("text"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_TRUE(throws_error([] { write_file_atomically("/dev/full", std::string_view("text")); },
                           ErrorCode::resource_exhausted, "No space left"));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(WriteFileAtomically, SaysWhatIsWrong) {
  const TempDirectory directory;
  EXPECT_TRUE(throws_error([&] { write_file_atomically(directory / "none/a", std::string_view("x")); },
                           ErrorCode::not_found, "No such file or directory"));
  EXPECT_TRUE(throws_error([&] { write_file_atomically(directory.path(), std::string_view("x")); },
                           ErrorCode::invalid_argument, "Is a directory"));
  EXPECT_TRUE(
      throws_error([&] { write_file_atomically(directory / std::string(300, 'n'), std::string_view("x")); },
                   ErrorCode::invalid_argument, "File name too long"));
  EXPECT_EQ(names_in(directory.path()), Names{});
}

TEST(WriteFileAtomically, LeavesNothingBehindWhenItEndsInTheMiddle) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", "old");
  EXPECT_EQ(test::in_child([&] {
              const rlimit limit{100'000, 100'000};
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
              EXPECT_TRUE(throws_error([&] { write_file_atomically(file, std::string(200'000, 'x')); },
                                       ErrorCode::resource_exhausted, "ulimit -f"));
              return testing::Test::HasFailure() ? 2 : 0;
            }),
            0);
  EXPECT_EQ(content(file), "old");
  EXPECT_EQ(names_in(directory.path()), Names{"a"});
}

TEST(WriteFileAtomically, RefusesADirectoryThatMayNotBeWritten) {
  const TempDirectory directory;
  fs::permissions(directory.path(), fs::perms(0555));
  const test::OrdinaryUser user(directory.path());
  EXPECT_TRUE(throws_error([&] { write_file_atomically(directory / "a", std::string_view("x")); },
                           ErrorCode::permission_denied, "cannot write"));
  EXPECT_EQ(names_in(directory.path()), Names{});
}

TEST(WriteFileAtomicallyThreads, GivesReadersOneOfTheWholeContents) {
  const TempDirectory directory;
  const fs::path file = directory.write("a", std::string(50'000, 'a'));
  const auto write = [&](char letter) {
    for (int i = 0; i < 50; ++i) write_file_atomically(file, std::string(50'000, letter));
  };
  const std::jthread first([&] { write('a'); });
  const std::jthread second([&] { write('b'); });
  for (int i = 0; i < 100; ++i) {
    const std::string text = content(file);
    ASSERT_EQ(text.size(), 50'000U);
    ASSERT_EQ(text, std::string(50'000, text[0]));
  }
}

}  // namespace
}  // namespace onda::base
