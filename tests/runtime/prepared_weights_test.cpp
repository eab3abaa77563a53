#include "runtime/prepared_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "support/paths.h"

namespace onda::runtime {
namespace {

std::vector<std::byte> saved(const std::string& name) {
  return base::read_file(test::source_dir() / "tests/data/prepared" / name, 1 << 20);
}

std::vector<std::size_t> sizes(std::span<const std::byte> model) {
  std::vector<std::size_t> result;
  for (const auto weight : find_weights(model)) result.push_back(weight.size());
  return result;
}

TEST(PreparedWeights, AreFoundInWhatOnnxRuntimeSaved) {
  const auto tiny = saved("tiny.ort");
  EXPECT_EQ(sizes(tiny), (std::vector<std::size_t>{8192, 1280}));
}

TEST(PreparedWeights, AreFoundInAGraphWithinANode) {
  const auto loop = saved("loop.ort");
  auto found = sizes(loop);
  std::ranges::sort(found);
  EXPECT_EQ(found, (std::vector<std::size_t>{512, 1024}));
}

TEST(PreparedWeights, LieWithinTheModelAndApart) {
  for (const char* name : {"tiny.ort", "loop.ort"}) {
    const auto model = saved(name);
    const std::byte* end = model.data();
    for (const auto weight : find_weights(model)) {
      EXPECT_GE(weight.data(), end);
      end = weight.data() + weight.size();
    }
    EXPECT_LE(end, model.data() + model.size());
  }
}

TEST(PreparedWeights, AreNoneWhereTheStructureIsInDoubt) {
  EXPECT_TRUE(find_weights({}).empty());
  const auto model = saved("tiny.ort");
  const auto last = find_weights(model).back();
  const auto end = static_cast<std::size_t>(last.data() + last.size() - model.data());
  // Nothing outside what is left is touched (the address sanitizer sees to that).
  for (std::size_t size = 0; size < end; size += 7) {
    const std::vector<std::byte> cut(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_TRUE(find_weights(cut).empty()) << size;
  }
  auto other = model;
  std::memcpy(other.data() + 4, "ORTX", 4);
  EXPECT_TRUE(find_weights(other).empty());
  auto far = model;
  const std::uint32_t beyond = 0xFFFFFFF0U;
  std::memcpy(far.data(), &beyond, sizeof beyond);
  EXPECT_TRUE(find_weights(far).empty());
}

/// Every single damaged byte gives an answer within the model: no crash, no endless walk.
TEST(PreparedWeights, StayWithinTheModelWhateverByteIsDamaged) {
  const auto model = saved("loop.ort");
  for (std::size_t position = 0; position < model.size(); ++position) {
    auto damaged = model;
    damaged[position] ^= std::byte{0x55};
    const std::byte* end = damaged.data();
    for (const auto weight : find_weights(damaged)) {
      ASSERT_GE(weight.data(), end) << position;
      end = weight.data() + weight.size();
      ASSERT_LE(end, damaged.data() + damaged.size()) << position;
    }
  }
}

}  // namespace
}  // namespace onda::runtime
