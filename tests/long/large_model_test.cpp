// A model above 2 GB: what small ones in the external form (tests/runtime/prepared_external_test.cpp) cannot
// show.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/paths.h"
#include "support/run_process.h"
#include "support/wire_writer.h"

namespace onda {
namespace {

namespace fs = std::filesystem;
using test::WireWriter;

constexpr std::uint64_t kHidden = 8192;
constexpr std::uint64_t kVocabulary = 40'000;
constexpr int kLayers = 4;
constexpr std::uint64_t kFloat = 1;
constexpr std::uint64_t kInt64 = 7;

WireWriter entry_of(std::string_view key, const std::string& value) {
  return WireWriter().bytes(1, key).bytes(2, value);
}

/// ids[N] → Gather (1.2 GB) → 4 × (MatMul (256 MB), Relu) → y[N,8192]: 2.3 GB in all. The MatMuls' weights
/// are packed, the Gather's are read where they are.
class LargeModel {
 public:
  explicit LargeModel(const fs::path& directory)
      : path_(directory / "large.onnx"), data_(directory / "large.bin", std::ios::binary) {
    block_.resize(std::size_t{1} << 20);
    std::mt19937 random(2);
    for (float& value : block_) value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
    weight("embedding", kVocabulary, 1.0F);
    node("Gather", {"embedding", "ids"}, "h0");
    for (int i = 0; i < kLayers; ++i) {
      const std::string number = std::to_string(i);
      weight("w" + number, kHidden, 0.02F);
      node("MatMul", {"h" + number, "w" + number}, "m" + number);
      node("Relu", {"m" + number}, "h" + std::to_string(i + 1));
    }
    graph_.bytes(2, "large");
    graph_.message(11, value("ids", kInt64, false));
    graph_.message(12, value("h" + std::to_string(kLayers), kFloat, true));
    std::ofstream(path_, std::ios::binary)
        << WireWriter().number(1, 8).message(8, WireWriter().number(2, 13)).message(7, graph_).text();
    data_.close();
    if (!data_) throw std::runtime_error("cannot write " + path_.string());
  }

  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t bytes() const { return offset_; }

 private:
  void weight(const std::string& name, std::uint64_t rows, float scale) {
    const std::uint64_t elements = rows * kHidden;
    graph_.message(5, WireWriter()
                          .number(1, rows)
                          .number(1, kHidden)
                          .number(2, kFloat)
                          .bytes(8, name)
                          .message(13, entry_of("location", "large.bin"))
                          .message(13, entry_of("offset", std::to_string(offset_)))
                          .message(13, entry_of("length", std::to_string(4 * elements)))
                          .number(14, 1));
    std::vector<float> piece(block_.size());
    for (std::uint64_t done = 0; done < elements; done += piece.size()) {
      // No two pieces are alike, so that none can stand for another.
      const auto shift = static_cast<std::ptrdiff_t>((7919 * ++pieces_) % block_.size());
      std::ranges::rotate_copy(block_, block_.begin() + shift, piece.begin());
      for (float& value : piece) value *= scale;
      const auto count = std::min<std::uint64_t>(piece.size(), elements - done);
      data_.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(4 * count));
    }
    offset_ += 4 * elements;
  }
  void node(std::string_view type, const std::vector<std::string>& inputs, const std::string& output) {
    WireWriter node;
    for (const auto& input : inputs) node.bytes(1, input);
    graph_.message(1, node.bytes(2, output).bytes(4, type));
  }
  static WireWriter value(const std::string& name, std::uint64_t type, bool hidden) {
    WireWriter shape;
    shape.message(1, WireWriter().bytes(2, "N"));
    if (hidden) shape.message(1, WireWriter().number(1, kHidden));
    const auto tensor = WireWriter().number(1, type).message(2, shape);
    return WireWriter().bytes(1, name).message(2, WireWriter().message(1, tensor));
  }

  fs::path path_;
  std::ofstream data_;
  std::vector<float> block_;
  std::uint64_t pieces_ = 0;
  std::uint64_t offset_ = 0;
  WireWriter graph_;
};

/// In the build tree: the system's directory for temporary files may lie in memory.
class Directory {
 public:
  Directory() : path_(test::binary_dir() / "tests/large-model") {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

using Told = std::multimap<std::string, std::string>;

Told probe(const std::string& mode, const LargeModel& model, int sessions) {
  const auto cache = model.path().parent_path() / "cache";
  const auto result = test::run_process({(test::binary_dir() / "onda_large_model_probe").string(), mode,
                                         model.path().string(), cache.string(), std::to_string(sessions)},
                                        {.time_limit = std::chrono::minutes(10)});
  if (result.exit_code != 0) throw std::runtime_error(mode + " failed: " + result.err);
  Told told;
  std::istringstream lines(result.out);
  std::cout << mode << ":";
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    told.emplace(line.substr(0, equals), line.substr(equals + 1));
    if (!line.starts_with("answer")) std::cout << " " << line;
  }
  std::cout << "\n";
  return told;
}

std::uint64_t number(const Told& told, const std::string& name) {
  return std::stoull(told.find(name)->second);
}

TEST(LargeModelTest, AboveTwoGigabytesIsPreparedAndAnswersTheSame) {
  const Directory directory;
  const LargeModel model(directory.path());
  ASSERT_GT(model.bytes(), std::uint64_t{1} << 31);
  const auto megabytes = model.bytes() >> 20U;
  const auto warm = probe("warm", model, 0);
  EXPECT_LT(number(warm, "peak_anonymous_mb"), megabytes * 5 / 4)
      << "packed weights, and one at a time of the others: the copy is mapped, not read";
  const auto plain = probe("plain", model, 1);
  const auto prepared = probe("use", model, 1);
  const auto two = probe("use", model, 2);
  const auto checked = probe("check", model, 1);

  std::set<std::string> answers;
  for (const auto* told : {&plain, &prepared, &two, &checked}) {
    const auto [begin, end] = told->equal_range("answer");
    for (auto answer = begin; answer != end; ++answer) answers.insert(answer->second);
  }
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_GT(number(plain, "loaded_anonymous_mb"), megabytes / 2);
  for (const auto* told : {&prepared, &two, &checked}) {
    EXPECT_LT(number(*told, "loaded_anonymous_mb"), 50U) << "weights are pages of the entry";
    EXPECT_LT(number(*told, "anonymous_mb"), 50U);
  }
  EXPECT_LT(number(two, "pss_mb"), number(prepared, "pss_mb") + 50U) << "sessions share them";
  std::size_t left = 0;
  for (const auto& item : fs::directory_iterator(directory.path() / "cache/prepared"))
    left += item.is_directory() ? 1U : 0U;
  EXPECT_EQ(left, 0U) << "nothing but the entry and the record";
}

}  // namespace
}  // namespace onda
