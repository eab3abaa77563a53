#include "protocol/json_number.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace onda::protocol::json_number_detail {
namespace {

/// Whether a number that is not zero is at least 1, from its text: which way a number that no float holds
/// lies.
bool is_large(std::string_view text) noexcept {
  if (text.front() == '-') text.remove_prefix(1);
  const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, exponent_at);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t leading = digits.find_first_not_of("0.");
  if (leading == std::string_view::npos) return false;
  // The power of ten of the leading digit.
  std::int64_t magnitude = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(leading);
  magnitude -= leading < point ? 1 : 0;
  if (exponent_at < text.size()) {
    std::string_view written = text.substr(exponent_at + 1);
    const bool is_below = written.front() == '-';
    if (is_below || written.front() == '+') written.remove_prefix(1);
    std::int64_t power = 0;
    const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), power);
    if (error != std::errc{}) return !is_below;
    magnitude += is_below ? -power : power;
  }
  return magnitude >= 0;
}

}  // namespace

template <class Float>
NumberProblem read_exactly(const char* first, const char* last, Float& value) noexcept {
  value = 0;
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc{} && end == last && std::isfinite(value)) return NumberProblem::none;
  if (is_large(std::string_view(first, last))) return NumberProblem::out_of_range;
  value = *first == '-' ? -Float{0} : Float{0};
  return NumberProblem::none;
}

template NumberProblem read_exactly(const char* first, const char* last, float& value) noexcept;
template NumberProblem read_exactly(const char* first, const char* last, double& value) noexcept;

NumberEnd read_non_finite(const char* at, const char* end, double& value) noexcept {
  struct Token {
    std::string_view text;
    double value;
  };
  constexpr Token kTokens[] = {{"NaN", std::numeric_limits<double>::quiet_NaN()},
                               {"Infinity", std::numeric_limits<double>::infinity()},
                               {"-Infinity", -std::numeric_limits<double>::infinity()}};
  const std::string_view rest(at, end);
  for (const Token& token : kTokens) {
    if (!rest.starts_with(token.text)) continue;
    value = token.value;
    return {at + token.text.size(), NumberProblem::none};
  }
  return {at, NumberProblem::not_a_number};
}

}  // namespace onda::protocol::json_number_detail
