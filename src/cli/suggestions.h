#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace onda::cli {

/// How many insertions, deletions, replacements and swaps of neighbours lead from one word to the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that `word` was most likely meant to be; empty where none is near (about a third of the
/// letters). Of equally near ones the first. Case does not count.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string> candidates);

/// "; did you mean --threads?", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> candidates,
                                       std::string_view prefix = "");

/// "a, b and c", for messages that name the choices.
[[nodiscard]] std::string listed(std::span<const std::string> words);

}  // namespace onda::cli
