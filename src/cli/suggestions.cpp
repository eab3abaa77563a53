#include "cli/suggestions.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace onda::cli {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

template <class Word>
std::optional<std::string_view> nearest_of(std::string_view word, std::span<const Word> candidates) {
  // A word from outside may be of any length; no flag is that long.
  constexpr std::size_t kLongest = 64;
  if (word.empty() || word.size() > kLongest) return std::nullopt;
  const std::string wanted = lower(word);
  std::optional<std::string_view> best;
  // Counted in halves, so that a word that was cut short comes before those that differ by a letter.
  // Words of one or two letters are all near each other.
  std::size_t best_distance = word.size() < 3 ? 2 : 2 * ((word.size() + 1) / 3) + 1;
  for (const auto& candidate : candidates) {
    const std::string name = lower(candidate);
    const bool is_cut_short = wanted.size() >= 2 && name.starts_with(wanted);
    const std::size_t distance = is_cut_short ? 1 : 2 * edit_distance(wanted, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t columns = b.size() + 1;
  std::vector<std::size_t> before_previous(columns), previous(columns), current(columns);
  for (std::size_t j = 0; j < columns; ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j < columns; ++j) {
      const std::size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_previous[j - 2] + 1);
      }
    }
    std::swap(before_previous, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  return nearest_of(word, candidates);
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string> candidates) {
  return nearest_of(word, candidates);
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates,
                         std::string_view prefix) {
  const auto found = nearest(word, candidates);
  if (!found) return {};
  return "; did you mean " + std::string(prefix) + std::string(*found) + "?";
}

std::string listed(std::span<const std::string> words) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? " and " : ", ";
    result += words[i];
  }
  return result;
}

}  // namespace onda::cli
