#include "serving/labels.h"

#include <gtest/gtest.h>

#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::serving {
namespace {

using Labels = std::vector<std::string>;

TEST(LabelsTest, ALineIsALabel) {
  EXPECT_EQ(parse_labels("cat\ndog\r\n\n fox \t\n\n\n"), (Labels{"cat", "dog", "", " fox"}));
  EXPECT_EQ(parse_labels("one"), Labels{"one"});
  EXPECT_EQ(parse_labels(""), Labels{});
  EXPECT_EQ(parse_labels("\n \n"), Labels{});
}

TEST(LabelsTest, ReadsAFile) {
  const test::TempDirectory folder;
  EXPECT_EQ(read_labels(folder.write("l.txt", "a\nb\n")), (Labels{"a", "b"}));
  EXPECT_TRUE(test::throws_error([&] { return read_labels(folder.write("e.txt", "\n")); },
                                 ErrorCode::invalid_argument, "e.txt"));
  EXPECT_TRUE(
      test::throws_error([&] { return read_labels(folder / "none.txt"); }, ErrorCode::not_found, "none.txt"));
}

TEST(LabelsTest, AModelsLabelsLieInItsDirectory) {
  const test::TempDirectory folder;
  folder.write("m/labels.txt", "a\n");
  folder.write("m/1/labels.txt", "b\n");
  EXPECT_EQ(read_model_labels(folder / "m", "labels.txt"), Labels{"a"});
  EXPECT_EQ(read_model_labels(folder / "m", "1/labels.txt"), Labels{"b"});
  std::filesystem::create_symlink("1/labels.txt", folder / "m/within.txt");
  EXPECT_EQ(read_model_labels(folder / "m", "within.txt"), Labels{"b"});
  EXPECT_TRUE(test::throws_error([&] { return read_model_labels(folder / "m", "none.txt"); },
                                 ErrorCode::not_found, "\"none.txt\""));
  EXPECT_TRUE(test::throws_error([&] { return read_model_labels("", "labels.txt"); }, ErrorCode::not_found,
                                 "\"labels.txt\""));
}

TEST(LabelsTest, NothingLeadsOutOfIt) {
  const test::TempDirectory folder;
  const auto secret = folder.write("secret.txt", "s\n");
  folder.write("m/labels.txt", "a\n");
  folder.write("mm/labels.txt", "a\n");
  std::filesystem::create_symlink(secret, folder / "m/link.txt");
  std::filesystem::create_symlink("..", folder / "m/up");
  std::filesystem::create_symlink("../mm/labels.txt", folder / "m/neighbour.txt");
  for (const std::string& name :
       {std::string("../secret.txt"), secret.string(), std::string("m/../../secret.txt"), std::string("."),
        std::string(".."), std::string("./labels.txt"), std::string("link.txt"), std::string("up/secret.txt"),
        std::string("neighbour.txt"), std::string("labels.txt\0x", 12)}) {
    EXPECT_TRUE(test::throws_error([&] { return read_model_labels(folder / "m", name); },
                                   ErrorCode::permission_denied, "leads out"))
        << name;
  }
}

}  // namespace
}  // namespace onda::serving
