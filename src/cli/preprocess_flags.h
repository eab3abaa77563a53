#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/command_line.h"
#include "onda/preprocess.h"

namespace onda::cli {

/// How images become a model's input: a preset, and each step as a flag on top of it.
struct PreprocessFlags {
  std::optional<std::string> preset;
  std::optional<std::int64_t> resize_shortest;
  std::optional<std::array<std::int64_t, 2>> resize_exact;
  std::optional<std::array<std::int64_t, 2>> crop;
  std::optional<ColorOrder> color;
  std::optional<float> scale;
  std::optional<std::array<float, 3>> mean;
  std::optional<std::array<float, 3>> std;
  std::optional<TensorLayout> layout;
  std::optional<std::uint64_t> max_pixels;

  void add_to(CommandLine& line);
  /// The steps as they were given; what the model settles is `derive_preprocess`'s.
  [[nodiscard]] Preprocess steps() const;
  /// Whether anything says how pixel values are scaled.
  [[nodiscard]] bool says_scaling() const noexcept { return preset || scale || mean || std; }
};

/// "224" or "224x320" (height x width).
[[nodiscard]] std::array<std::int64_t, 2> read_image_size(const std::string& text);

}  // namespace onda::cli
