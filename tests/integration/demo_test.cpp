#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "program.h"
#include "support/paths.h"
#include "support/temp_directory.h"

namespace onda::test {
namespace {

/// The truth by file, from manifest.csv.
std::map<std::string, std::string> manifest() {
  std::map<std::string, std::string> truth;
  std::ifstream stream(digits("manifest.csv"));
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    const auto comma = line.find(',');
    truth[digits(line.substr(0, comma))] = line.substr(comma + 1);
  }
  return truth;
}

TEST(Demo, ClassifiesAtLeast97PercentOfTheHeldOutImages) {
  const auto truth = manifest();
  ASSERT_GE(truth.size(), 300U);
  std::vector<std::string> arguments = {
      "run", digits("digits.onnx"), "--labels", digits("labels.txt"), "--top", "1"};
  for (const auto& [file, label] : truth) arguments.push_back(file);
  const auto result = run_onda(arguments);
  ASSERT_TRUE(succeeded(result));

  std::istringstream lines(result.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line.substr(0, 5), "input");
  std::size_t answers = 0;
  std::size_t right = 0;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string file, label;
    words >> file >> label;
    ASSERT_TRUE(truth.contains(file)) << line;
    ++answers;
    right += truth.at(file) == label ? 1 : 0;
  }
  EXPECT_EQ(answers, truth.size());
  EXPECT_GE(static_cast<double>(right), 0.97 * static_cast<double>(answers)) << right << " of " << answers;
}

TEST(Demo, ScriptShowsImagesAndPrintsTheAccuracy) {
  const auto script = (source_dir() / "tools/demo.sh").string();
  const auto result = run_process({script, (binary_dir() / "onda").string()});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_NE(result.out.find("accuracy: "), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("images/7_"), std::string::npos) << result.out;
}

TEST(Demo, ScriptFailsWhereTheAnswersAreWrong) {
  // A program that answers "3" to everything.
  const TempDirectory directory;
  const auto liar = directory.write("liar",
                                    "#!/bin/sh\necho 'input label probability'\nfor f in \"$@\"; do case "
                                    "\"$f\" in *.png) echo \"$f 3 99.00 %\";; "
                                    "esac; done\n");
  std::filesystem::permissions(liar, std::filesystem::perms::owner_all);
  const auto result = run_process({(source_dir() / "tools/demo.sh").string(), liar.string()});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.out.find("below the 97 %"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace onda::test
