#include "runtime/prepared_entry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "base/files.h"
#include "runtime/prepared_weights.h"
#include "support/error_matchers.h"
#include "support/external_graph.h"
#include "support/paths.h"
#include "support/temp_directory.h"

namespace onda::runtime {
namespace {

using test::throws_error;

const EntryDescription kDescription = {
    .model = "/m/tiny.onnx", .runtime_version = "1.29.0", .notes = std::string("n\0tes", 5)};

std::vector<std::byte> saved(const std::string& name) {
  return base::read_file(test::source_dir() / "tests/data/prepared" / name, 1 << 20);
}

std::vector<std::byte> entry_of(std::vector<std::byte> model) {
  const auto trailer = entry_trailer({.model = model}, "the key", kDescription);
  model.insert(model.end(), trailer.begin(), trailer.end());
  return model;
}

/// The external form, with 1 024 bytes of weights.
std::vector<std::byte> external_entry() {
  std::vector<std::byte> entry(1024, std::byte{7});
  const std::string graph = test::external_graph({.location = "name"});
  std::ranges::copy(std::as_bytes(std::span(graph)), std::back_inserter(entry));
  const auto saved = std::span<const std::byte>(entry);
  const auto trailer = entry_trailer(
      {.form = PreparedForm::external, .external = saved.first(1024), .model = saved.subspan(1024)},
      "the key", kDescription);
  entry.insert(entry.end(), trailer.begin(), trailer.end());
  return entry;
}

TEST(PreparedEntry, GivesBackWhatWasWritten) {
  const auto model = saved("tiny.ort");
  const auto entry = entry_of(model);
  const EntryView view = parse_entry(entry);
  EXPECT_TRUE(std::ranges::equal(view.model, model));
  EXPECT_EQ(view.weights.size(), 2U);
  EXPECT_EQ(view.key_material, "the key");
  EXPECT_EQ(view.model_path, kDescription.model);
  EXPECT_EQ(view.runtime_version, kDescription.runtime_version);
  EXPECT_EQ(view.notes, kDescription.notes);
  EXPECT_TRUE(weights_are_intact(view));
  EXPECT_EQ(peek_entry(entry).model_path, kDescription.model);
}

TEST(PreparedEntry, KeepsAModelWhoseWeightsItCannotFind) {
  const std::vector<std::byte> model(5000, std::byte{7});
  auto entry = entry_of(model);
  EXPECT_TRUE(parse_entry(entry).weights.empty());
  EXPECT_TRUE(weights_are_intact(parse_entry(entry)));
  entry[2500] = std::byte{8};
  EXPECT_TRUE(throws_error([&] { return parse_entry(entry); }, ErrorCode::data_loss))
      << "all of it counts as graph";
}

TEST(PreparedEntry, OfTheExternalFormHoldsTheWeightsBeforeTheGraph) {
  const auto entry = external_entry();
  const EntryView view = parse_entry(entry);
  EXPECT_EQ(view.form, PreparedForm::external);
  EXPECT_EQ(view.external.data(), entry.data());
  EXPECT_EQ(view.external.size(), 1024U);
  EXPECT_EQ(view.model.size(), test::external_graph({.location = "name"}).size());
  EXPECT_EQ(view.key_material, "the key");
  EXPECT_TRUE(weights_are_intact(view));
}

TEST(PreparedEntry, EveryDamagedByteOfTheExternalFormIsFound) {
  const auto good = external_entry();
  for (std::size_t position = 0; position < good.size(); ++position) {
    auto damaged = good;
    damaged[position] ^= std::byte{1};
    if (position < 1024) {
      ASSERT_FALSE(weights_are_intact(parse_entry(damaged))) << position;
    } else {
      ASSERT_TRUE(throws_error([&] { return parse_entry(damaged); }, ErrorCode::data_loss)) << position;
    }
  }
}

/// A graph names its entry: under another name ONNX Runtime would map another file.
TEST(PreparedEntry, OfTheExternalFormIsOnlyMappedUnderItsOwnName) {
  const test::TempDirectory temp;
  auto directory = base::PrivateDirectory::open(temp / "a", base::PrivateDirectory::Absent::create);
  auto file = directory.create_file("name");
  file.append(external_entry());
  EXPECT_TRUE(MappedEntry("name", file).verify_weights());
  EXPECT_TRUE(
      throws_error([&] { return MappedEntry("other", file).name(); }, ErrorCode::data_loss, "another file"));
}

/// The rule in one place: a damaged byte of a weight is found by the weights' check, any other by parsing.
TEST(PreparedEntry, EveryDamagedByteIsFound) {
  const auto good = entry_of(saved("loop.ort"));
  const EntryView whole = parse_entry(good);
  std::size_t in_weights = 0;
  for (std::size_t position = 0; position < good.size(); ++position) {
    const std::byte* at = good.data() + position;
    const bool weight = std::ranges::any_of(
        whole.weights, [at](auto bytes) { return at >= bytes.data() && at < bytes.data() + bytes.size(); });
    auto damaged = good;
    damaged[position] ^= std::byte{1};
    if (!weight) {
      ASSERT_TRUE(throws_error([&] { return parse_entry(damaged); }, ErrorCode::data_loss)) << position;
      continue;
    }
    ++in_weights;
    ASSERT_FALSE(weights_are_intact(parse_entry(damaged))) << position;
  }
  EXPECT_EQ(in_weights, 1536U);
}

TEST(PreparedEntry, ACutOrLengthenedFileIsRefused) {
  auto entry = entry_of(saved("loop.ort"));
  for (std::size_t size = 0; size < entry.size(); size += 3) {
    EXPECT_TRUE(throws_error([&] { return parse_entry(std::span(entry).first(size)); }, ErrorCode::data_loss))
        << size;
    EXPECT_TRUE(throws_error([&] { return peek_entry(std::span(entry).first(size)); }, ErrorCode::data_loss))
        << size;
  }
  // A byte more in front, so that the footer is good and the sizes are not.
  entry.insert(entry.begin(), std::byte{0});
  EXPECT_TRUE(throws_error([&] { return parse_entry(entry); }, ErrorCode::data_loss, "longer"));
}

TEST(PreparedEntry, AnotherLayoutIsRefused) {
  auto entry = entry_of(saved("loop.ort"));
  const std::string_view magic = "onda prepared 2\n";
  const auto found = std::search(entry.begin(), entry.end(), std::as_bytes(std::span(magic)).begin(),
                                 std::as_bytes(std::span(magic)).end());
  ASSERT_NE(found, entry.end());
  found[14] = std::byte{'1'};
  EXPECT_TRUE(throws_error([&] { return parse_entry(entry); }, ErrorCode::data_loss, "layout"));
}

TEST(PreparedEntry, DoesNotTakeNotesWithoutBound) {
  const std::vector<std::byte> model(8);
  EntryDescription description;
  description.notes.resize((16 << 20) + 1);
  EXPECT_TRUE(throws_error([&] { return entry_trailer({.model = model}, "key", description); },
                           ErrorCode::failed_precondition));
}

}  // namespace
}  // namespace onda::runtime
