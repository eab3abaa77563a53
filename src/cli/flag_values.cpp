#include "cli/flag_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "cli/usage_error.h"

namespace onda::cli {
namespace {

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

template <class Number>
std::optional<Number> whole(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> plain_number(std::string_view text) {
  const auto value = whole<double>(text);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},  {"s", 1e9},
                           {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}};

}  // namespace

std::int64_t read_integer(std::string_view text, std::int64_t least, std::int64_t most) {
  const auto value = whole<std::int64_t>(text);
  if (value && *value >= least && *value <= most) return *value;
  std::string expected = "expected a whole number";
  if (most != std::numeric_limits<std::int64_t>::max()) {
    expected += " from " + std::to_string(least) + " to " + std::to_string(most);
  } else if (least != std::numeric_limits<std::int64_t>::min()) {
    expected += " of at least " + std::to_string(least);
  }
  throw UsageError(quoted(text) + ": " + expected);
}

double read_number(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    if (const auto value = plain_number(text)) return *value;
  } else {
    const auto above = plain_number(text.substr(0, slash));
    const auto below = plain_number(text.substr(slash + 1));
    if (above && below && *below != 0) return *above / *below;
  }
  throw UsageError(quoted(text) + ": expected a number such as 0.5 or 1/255");
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const auto comma = text.find(',');
    items.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::vector<double> read_numbers(std::string_view text) {
  std::vector<double> numbers;
  for (const auto& item : split_list(text)) numbers.push_back(read_number(item));
  return numbers;
}

std::vector<std::int64_t> read_integers(std::string_view text, std::int64_t least) {
  std::vector<std::int64_t> numbers;
  for (const auto& item : split_list(text)) numbers.push_back(read_integer(item, least));
  return numbers;
}

std::chrono::nanoseconds read_duration(std::string_view text) {
  const auto digits = text.find_last_of("0123456789.");
  const std::size_t length = digits == std::string_view::npos ? 0 : digits + 1;
  const auto value = plain_number(text.substr(0, length));
  const std::string_view name = length == text.size() ? "s" : trimmed(text.substr(length));
  constexpr double kYear = 365.0 * 24 * 3600e9;
  for (const auto& unit : kUnits) {
    if (!value || unit.name != name) continue;
    const double nanoseconds = *value * unit.nanoseconds;
    if (nanoseconds < 1 || nanoseconds > kYear) break;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
  }
  throw UsageError(quoted(text) + ": expected a time such as 2s, 500ms or 1m");
}

std::uint64_t read_size(std::string_view text, std::uint64_t whole) {
  const auto digits = text.find_last_of("0123456789.");
  const std::size_t length = digits == std::string_view::npos ? 0 : digits + 1;
  const auto value = plain_number(text.substr(0, length));
  std::string_view unit = trimmed(text.substr(length));
  constexpr double kExabyte = 1152921504606846976.0;
  const auto expected = [&]() -> UsageError {
    return UsageError(quoted(text) + ": expected a size such as 512M, 2G or 50%");
  };
  if (!value || *value <= 0) throw expected();
  if (unit == "%") {
    if (*value > 100) throw UsageError(quoted(text) + ": at most 100%");
    if (whole == 0) throw UsageError(quoted(text) + ": the system does not tell how much memory there is");
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(whole) / 100 * *value));
  }
  for (const std::string_view suffix : {"iB", "B"}) {
    // "B" alone is a unit.
    if (unit.size() > suffix.size() && unit.ends_with(suffix)) {
      unit.remove_suffix(suffix.size());
      break;
    }
  }
  constexpr std::string_view kLetters = "KMGT";
  double scale = 1;
  if (!unit.empty() && unit != "B") {
    const auto power = unit.size() == 1 ? kLetters.find(unit.front()) : std::string_view::npos;
    if (power == std::string_view::npos) throw expected();
    scale = std::exp2(10.0 * static_cast<double>(power + 1));
  }
  const double bytes = *value * scale;
  if (bytes < 1 || bytes > kExabyte) throw expected();
  return static_cast<std::uint64_t>(bytes);
}

bool read_boolean(std::string_view text) {
  for (const auto* yes : {"1", "true", "on", "yes"}) {
    if (text == yes) return true;
  }
  for (const auto* no : {"0", "false", "off", "no"}) {
    if (text == no) return false;
  }
  throw UsageError(quoted(text) + ": expected true or false");
}

}  // namespace onda::cli
