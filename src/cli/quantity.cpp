#include "cli/quantity.h"

#include <array>
#include <charconv>
#include <cmath>

namespace onda::cli {

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
  // The longest double has 309 digits before the point.
  std::array<char, 352> text;
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits);
  return std::string(text.data(), end);
}

std::string brief(double value) {
  if (!std::isfinite(value)) return fixed(value, 0);
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size >= 1e6 || size < 1e-4) {
    std::array<char, 32> text;
    const auto [end, error] =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, 2);
    return std::string(text.data(), end);
  }
  const int before_point = static_cast<int>(std::floor(std::log10(size))) + 1;
  return fixed(value, std::max(0, 3 - before_point));
}

std::string shortest_brief(double value) {
  std::string text = brief(value);
  if (text.find('.') == std::string::npos || text.find('e') != std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string rate_text(double value) { return value < 100 ? brief(value) : fixed(value, 0); }

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr const char* kUnits[] = {"KB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return fixed(value, 1) + ' ' + kUnits[unit];
}

std::string duration_text(std::chrono::duration<double> duration) {
  const double seconds = duration.count();
  if (seconds < 1e-6) return fixed(seconds * 1e9, 0) + " ns";
  if (seconds < 1e-3) return brief(seconds * 1e6) + " us";
  if (seconds < 1) return brief(seconds * 1e3) + " ms";
  return fixed(seconds, 2) + " s";
}

std::string percent_text(double fraction) { return fixed(fraction * 100, 2) + " %"; }

}  // namespace onda::cli
