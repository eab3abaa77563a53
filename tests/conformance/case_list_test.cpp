#include "conformance/case_list.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::test {
namespace {

class CaseList : public testing::Test {
 protected:
  std::map<std::string, std::string> read(const std::string& text) {
    const auto file = directory_.path() / "list.txt";
    base::write_file_atomically(file, text);
    return read_case_list(file);
  }

  TempDirectory directory_;
};

TEST_F(CaseList, AreNamesWithTexts) {
  const auto exceptions = read("# why\n\ntest_a: no kernel: none\ntest_b: a sequence\n");
  EXPECT_EQ(exceptions.size(), 2U);
  EXPECT_EQ(exceptions.at("test_a"), "no kernel: none");
}

TEST_F(CaseList, NeedATextAndStandOnce) {
  for (const std::string text : {"test_a\n", "test_a: \n", ": reason\n", "test_a: x\ntest_a: y\n"}) {
    EXPECT_TRUE(throws_error([&] { return read(text); }, ErrorCode::invalid_argument)) << text;
  }
}

}  // namespace
}  // namespace onda::test
