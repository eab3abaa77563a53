#include "onda/version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "support/paths.h"

namespace {

TEST(Version, IsTheOneOfTheBuildFile) {
  std::ifstream file(onda::test::source_dir() / "CMakeLists.txt");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_NE(text.find("VERSION " + std::string(onda::version()) + " "), std::string::npos) << onda::version();
}

TEST(Version, NamesTheCommit) {
  const std::string_view commit = onda::build_commit();
  if (commit == "unknown") {
    EXPECT_FALSE(std::filesystem::exists(onda::test::source_dir() / ".git"));
    return;
  }
  ASSERT_GE(commit.size(), 12U) << commit;
  EXPECT_TRUE(std::all_of(commit.begin(), commit.begin() + 12, [](unsigned char c) {
    return std::isxdigit(c);
  })) << commit;
}

}  // namespace
