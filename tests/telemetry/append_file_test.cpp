#include "telemetry/append_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/kernel_text.h"
#include "support/error_matchers.h"
#include "support/in_child.h"
#include "support/temp_directory.h"

namespace onda::telemetry {
namespace {

using test::TempDirectory;
using test::throws_error;

TEST(AppendFile, AddsToWhatIsThere) {
  const TempDirectory directory;
  const auto path = directory.write("a", "old\n");
  AppendFile file(path);
  EXPECT_FALSE(file.append_line("one"));
  EXPECT_FALSE(file.append_line("two"));
  EXPECT_EQ(base::kernel_text(path), "old\none\ntwo\n");
}

TEST(AppendFile, ItsDescriptorIsNotInherited) {
  const TempDirectory directory;
  const int next = dup(0);
  ASSERT_GE(next, 0);
  close(next);
  const AppendFile file(directory / "a");
  EXPECT_EQ(fcntl(next, F_GETFD), FD_CLOEXEC);
}

TEST(AppendFile, SaysWhyItCannotBeOpened) {
  const TempDirectory directory;
  const auto opening = [](const std::filesystem::path& path) {
    return [path] {
      const AppendFile file(path);
      return 0;
    };
  };
  EXPECT_TRUE(throws_error(opening(directory / "no/a"), ErrorCode::not_found, "cannot open for appending"));
  EXPECT_TRUE(throws_error(opening(directory.path()), ErrorCode::invalid_argument, "directory"));
  const auto pipe = directory / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(throws_error(opening(pipe), ErrorCode::invalid_argument, "pipe"));
}

TEST(AppendFile, DoesNotWaitForAPipesReader) {
  const TempDirectory directory;
  const auto path = directory / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  AppendFile file(path);
  const std::string line(1000, 'x');
  std::error_code error;
  for (int i = 0; i < 10'000 && !error; ++i) error = file.append_line(line);
  EXPECT_EQ(error, std::errc::resource_unavailable_try_again);
  close(reader);
}

TEST(AppendFile, ALineThatIsCutShortDoesNotSpoilTheNextOne) {
  const TempDirectory directory;
  const auto path = directory / "a";
  const int failed_at = test::in_child([&] {
    AppendFile file(path);
    rlimit limit{};
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 10;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    if (file.append_line("one")) return 3;
    if (file.append_line("is cut short") != std::errc::no_space_on_device) return 4;
    if (file.append_line("lost") != std::errc::file_too_large) return 5;
    limit.rlim_cur = before;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 6;
    if (file.append_line("two") || file.append_line("three")) return 7;
    return 0;
  });
  ASSERT_EQ(failed_at, 0);
  EXPECT_EQ(base::kernel_text(path), "one\nis cut\ntwo\nthree\n");
}

TEST(AppendFileThreads, LinesOfSeveralThreadsDoNotMix) {
  const TempDirectory directory;
  AppendFile file(directory / "a");
  std::multiset<std::string> expected;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    for (std::size_t i = 0; i < 200; ++i) expected.insert(std::string(i, letter));
  }
  std::vector<std::jthread> threads;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    threads.emplace_back([&, letter] {
      for (std::size_t i = 0; i < 200; ++i) EXPECT_FALSE(file.append_line(std::string(i, letter)));
    });
  }
  threads.clear();
  std::multiset<std::string> lines;
  const std::string text = base::kernel_text(directory / "a");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.insert(text.substr(at, end - at));
    at = end + 1;
  }
  EXPECT_EQ(lines, expected);
}

}  // namespace
}  // namespace onda::telemetry
