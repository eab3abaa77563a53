#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace onda::telemetry {

enum class MetricType { counter, gauge, histogram, summary, untyped };

struct Label {
  std::string_view name;
  std::string_view value;
};

/// The type of an HTTP answer that carries an exposition.
inline constexpr std::string_view kExpositionContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Writes metrics as Prometheus reads them: its text format, version 0.0.4. One family after the other, each
/// once, with all of its samples behind it. For one thread at a time.
class Exposition {
 public:
  /// Names are the program's own: internal is thrown for one that the format does not allow. `help` may be
  /// any text.
  Exposition& family(std::string_view name, MetricType type, std::string_view help);

  /// `name` is the family's, or that with the suffix of a histogram's or summary's part; else internal is
  /// thrown. Labels come in any order and are written by name; their values may be any bytes, those that are
  /// no UTF-8 are replaced. Numbers are written with as few digits as tell them apart.
  Exposition& sample(std::string_view name, std::span<const Label> labels, double value);
  Exposition& sample(std::string_view name, std::span<const Label> labels, std::uint64_t value);
  Exposition& sample(std::string_view name, std::span<const Label> labels, std::int64_t value);

  template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
  Exposition& sample(std::string_view name, std::initializer_list<Label> labels, Number value) {
    const std::span<const Label> all(labels.begin(), labels.size());
    if constexpr (std::floating_point<Number>) {
      return sample(name, all, static_cast<double>(value));
    } else if constexpr (std::signed_integral<Number>) {
      return sample(name, all, static_cast<std::int64_t>(value));
    } else {
      return sample(name, all, static_cast<std::uint64_t>(value));
    }
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void begin_sample(std::string_view name, std::span<const Label> labels);

  std::string text_;
  std::string family_;
  MetricType type_ = MetricType::untyped;
};

}  // namespace onda::telemetry
