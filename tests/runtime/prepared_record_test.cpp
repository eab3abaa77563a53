#include "runtime/prepared_record.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "support/error_matchers.h"
#include "support/ordinary_user.h"
#include "support/temp_directory.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using base::PrivateDirectory;
using test::throws_error;

std::string sha256(std::string_view text) { return base::to_hex(base::Sha256().update(text).finish()); }

/// A clock that the test moves, so that nothing waits for a file to settle.
class PreparedRecord : public testing::Test {
 protected:
  PreparedRecord() : directory_(PrivateDirectory::open(temp_ / "cache", PrivateDirectory::Absent::create)) {
    temp_.write("models/m.onnx", "model");
    temp_.write("models/w.bin", "weights");
    temp_.write("models/v.bin", "bias");
  }

  std::optional<ModelIdentity> identify(Hashing hashing = Hashing::allowed) {
    return identify_model(
        temp_ / "models/m.onnx", directory_,
        [this](const fs::path& model) {
          ++external_calls_;
          EXPECT_EQ(model, fs::canonical(temp_ / "models/m.onnx"));
          return names_;
        },
        hashing, [this] { return std::chrono::system_clock::now() + later_; });
  }

  std::size_t records() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        directory_.list(), [](const auto& item) { return item.name.ends_with(".record"); }));
  }

  fs::path record_path() const {
    return temp_ / "cache" / (sha256(fs::canonical(temp_ / "models/m.onnx").string()) + ".record");
  }

  test::TempDirectory temp_;
  PrivateDirectory directory_;
  std::vector<std::string> names_ = {"w.bin", "v.bin", "w.bin"};
  std::chrono::seconds later_ = 10s;
  int external_calls_ = 0;
};

TEST_F(PreparedRecord, TellsTheDigestOfEveryFileOnce) {
  const auto identity = identify();
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->hashed, 3U);
  ASSERT_EQ(identity->files.size(), 3U);
  EXPECT_EQ(identity->files[0].name, "");
  EXPECT_EQ(identity->files[0].sha256, sha256("model"));
  EXPECT_EQ(identity->files[1].name, "v.bin");
  EXPECT_EQ(identity->files[1].sha256, sha256("bias"));
  EXPECT_EQ(identity->files[2].name, "w.bin");
  EXPECT_EQ(identity->files[2].sha256, sha256("weights"));
  EXPECT_TRUE(identity->is_current());
}

TEST_F(PreparedRecord, ReadsNothingWhereItIsGood) {
  const auto first = identify();
  const auto second = identify(Hashing::never);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->hashed, 0U);
  EXPECT_EQ(second->files, first->files);
  EXPECT_EQ(external_calls_, 1);
  EXPECT_EQ(records(), 1U);
}

TEST_F(PreparedRecord, ReadsOnlyTheFileThatHasChanged) {
  static_cast<void>(identify());
  temp_.write("models/w.bin", "WEIGHTS");
  EXPECT_FALSE(identify(Hashing::never).has_value());
  const auto identity = identify();
  EXPECT_EQ(identity->hashed, 1U);
  EXPECT_EQ(identity->files[2].sha256, sha256("WEIGHTS"));
  EXPECT_EQ(external_calls_, 1) << "the names stand in the model file, which is the same";
  EXPECT_EQ(identify(Hashing::never)->files, identity->files);
}

TEST_F(PreparedRecord, SeesAChangeWhoseSizeAndTimeWerePutBack) {
  static_cast<void>(identify());
  const auto before = fs::last_write_time(temp_ / "models/w.bin");
  temp_.write("models/w.bin", "w3ights");
  fs::last_write_time(temp_ / "models/w.bin", before);
  EXPECT_EQ(identify()->files[2].sha256, sha256("w3ights"));
}

TEST_F(PreparedRecord, SeesAFileThatAnotherTookThePlaceOf) {
  static_cast<void>(identify());
  temp_.write("models/new", "m0del");
  fs::rename(temp_ / "models/new", temp_ / "models/m.onnx");
  EXPECT_EQ(identify()->files[0].sha256, sha256("m0del"));
}

TEST_F(PreparedRecord, DoesNotTrustAFileThatWasJustWritten) {
  later_ = 0s;
  const auto first = identify();
  EXPECT_FALSE(first->files[0].settled);
  EXPECT_FALSE(identify(Hashing::never).has_value())
      << "its stamp may stay while its content changes once more";
  EXPECT_EQ(identify()->hashed, 3U);
  later_ = 10s;
  EXPECT_EQ(identify()->hashed, 3U);
  EXPECT_EQ(identify()->hashed, 0U) << "now it has settled";
}

TEST_F(PreparedRecord, DoesNotTrustAFileFromTheFuture) {
  later_ = -100s;
  EXPECT_FALSE(identify()->files[0].settled);
  EXPECT_EQ(identify()->hashed, 3U);
}

TEST_F(PreparedRecord, KeepsTheNamesOfFilesThatHaveNotSettled) {
  static_cast<void>(identify());
  temp_.write("models/w.bin", "again");
  later_ = 1s;
  EXPECT_EQ(identify()->hashed, 1U);
  EXPECT_EQ(identify()->files.size(), 3U);
  EXPECT_EQ(identify()->hashed, 1U) << "the two others are known, this one is read until it has settled";
}

TEST_F(PreparedRecord, IsIgnoredWhereItIsDamaged) {
  const auto good = identify();
  std::string text;
  {
    std::ifstream file(record_path(), std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  for (std::size_t position = 0; position < text.size(); position += 5) {
    std::string damaged = text;
    damaged[position] = static_cast<char>(damaged[position] ^ 1);
    std::ofstream(record_path(), std::ios::binary) << damaged;
    ASSERT_FALSE(identify(Hashing::never).has_value()) << position;
  }
  for (std::size_t size = 0; size < text.size(); size += 5) {
    std::ofstream(record_path(), std::ios::binary) << text.substr(0, size);
    ASSERT_FALSE(identify(Hashing::never).has_value()) << size;
  }
  EXPECT_EQ(identify()->files, good->files);
  EXPECT_EQ(identify()->hashed, 0U) << "it was written anew";
}

TEST_F(PreparedRecord, OfAnotherModelIsIgnored) {
  static_cast<void>(identify());
  const std::string name = record_path().filename().string();
  temp_.write("models/other.onnx", "other");
  const fs::path other = fs::canonical(temp_ / "models/other.onnx");
  fs::copy(record_path(), temp_ / "cache" / (sha256(other.string()) + ".record"));
  EXPECT_FALSE(identify_model(
                   other, directory_, [](const auto&) { return std::vector<std::string>(); }, Hashing::never)
                   .has_value());
}

TEST_F(PreparedRecord, PlantedByALinkOrWritableByOthersIsIgnored) {
  static_cast<void>(identify());
  const fs::path real = temp_ / "elsewhere";
  fs::rename(record_path(), real);
  fs::create_symlink(real, record_path());
  EXPECT_FALSE(identify(Hashing::never).has_value());
  fs::remove(record_path());
  fs::rename(real, record_path());
  EXPECT_TRUE(identify(Hashing::never).has_value());
  ASSERT_EQ(::chmod(record_path().c_str(), 0666), 0);
  EXPECT_FALSE(identify(Hashing::never).has_value());
}

TEST_F(PreparedRecord, NamesTheFileThatIsMissing) {
  names_ = {"gone.bin"};
  EXPECT_TRUE(throws_error([this] { return identify(); }, ErrorCode::not_found, "gone.bin"));
  fs::remove(temp_ / "models/m.onnx");
  EXPECT_TRUE(throws_error([this] { return identify(); }, ErrorCode::not_found, "m.onnx"));
}

TEST_F(PreparedRecord, AnIdentityKnowsWhenItIsNoLongerTrue) {
  const auto settled = identify();
  temp_.write("models/v.bin", "BIAS");
  EXPECT_FALSE(settled->is_current());
  later_ = 0s;
  const auto fresh = identify();
  EXPECT_TRUE(fresh->is_current()) << "by content, since its stamps do not tell yet";
  temp_.write("models/v.bin", "b1as");
  EXPECT_FALSE(fresh->is_current());
}

TEST_F(PreparedRecord, IsSharedByAllNamesOfOneFile) {
  static_cast<void>(identify());
  fs::create_directory_symlink(temp_ / "models", temp_ / "alias");
  const auto identity = identify_model(
      temp_ / "alias/m.onnx", directory_, [](const auto&) { return std::vector<std::string>(); },
      Hashing::never);
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->files.size(), 3U);
}

TEST_F(PreparedRecord, TakesExternalDataFromBesideALinkToTheModel) {
  fs::create_directory(temp_ / "links");
  fs::create_symlink("../models/m.onnx", temp_ / "links/m.onnx");
  temp_.write("links/w.bin", "WEIGHTS");
  const auto external = [](const auto&) { return std::vector<std::string>{"w.bin"}; };
  const auto by_link = identify_model(temp_ / "links/m.onnx", directory_, external, Hashing::allowed);
  ASSERT_EQ(by_link->files.size(), 2U);
  EXPECT_EQ(by_link->files[1].sha256, sha256("WEIGHTS")) << "what a load from there reads";
  EXPECT_TRUE(by_link->is_current());
  const auto direct = identify_model(temp_ / "models/m.onnx", directory_, external, Hashing::allowed);
  EXPECT_EQ(direct->files[1].sha256, sha256("weights"));
}

TEST_F(PreparedRecord, ReadsNothingOutsideOfTheModelsDirectory) {
  temp_.write("secret", "text");
  for (const auto& name : {std::string("../secret"), (temp_ / "secret").string(), std::string("link")}) {
    if (name == "link") fs::create_symlink("../secret", temp_ / "models/link");
    names_ = {name};
    EXPECT_TRUE(throws_error([this] { return identify(); }, ErrorCode::permission_denied)) << name;
  }
}

TEST(PreparedRecordReadOnly, AnswersWithoutWriting) {
  const test::TempDirectory temp;
  const test::OrdinaryUser user(temp.path());
  const fs::path model = temp.write("m.onnx", "model");
  auto directory = PrivateDirectory::open(temp / "cache", PrivateDirectory::Absent::create);
  ASSERT_EQ(::chmod((temp / "cache").c_str(), 0500), 0);
  const auto identity = identify_model(
      model, directory, [](const auto&) { return std::vector<std::string>(); }, Hashing::allowed);
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->files.at(0).sha256, sha256("model"));
  EXPECT_TRUE(directory.list().empty());
}

}  // namespace
}  // namespace onda::runtime
