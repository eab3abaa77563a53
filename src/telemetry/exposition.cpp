#include "telemetry/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <vector>

#include "base/quoted.h"
#include "base/utf8.h"
#include "onda/error.h"

namespace onda::telemetry {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

enum class NameOf { metric, label };

void require_name(std::string_view name, NameOf what) {
  const auto is_allowed = [&](char c) {
    return is_letter(c) || is_digit(c) || (what == NameOf::metric && c == ':');
  };
  const bool is_good = !name.empty() && !is_digit(name.front()) &&
                       std::all_of(name.begin(), name.end(), is_allowed) &&
                       // Labels with this prefix are Prometheus's own.
                       (what == NameOf::metric || !name.starts_with("__"));
  if (is_good) return;
  throw Error(ErrorCode::internal, base::quoted(name) + " is no name of a " +
                                       (what == NameOf::metric ? "metric" : "label") +
                                       " that Prometheus takes");
}

std::string_view name_of(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
    case MetricType::summary:
      return "summary";
    case MetricType::untyped:
      break;
  }
  return "untyped";
}

bool is_of_family(std::string_view name, std::string_view family, MetricType type) {
  if (family.empty() || !name.starts_with(family)) return false;
  const std::string_view suffix = name.substr(family.size());
  if (suffix.empty()) return type != MetricType::histogram;
  const bool has_parts = type == MetricType::histogram || type == MetricType::summary;
  return (has_parts && (suffix == "_sum" || suffix == "_count")) ||
         (type == MetricType::histogram && suffix == "_bucket");
}

/// Quotes are escaped in values of labels, and stand as they are in a help text.
void append_escaped(std::string& out, std::string_view text, bool escapes_quotes) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = base::utf8_sequence_length(text, at);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (text[at] == '\\') {
      out += "\\\\";
    } else if (text[at] == '\n') {
      out += "\\n";
    } else if (text[at] == '"' && escapes_quotes) {
      out += "\\\"";
    } else {
      out += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
}

template <class Number>
void append_digits(std::string& out, Number number) {
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

void append_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number < 0 ? "-Inf" : "+Inf";
  } else {
    append_digits(out, number);
  }
}

}  // namespace

Exposition& Exposition::family(std::string_view name, MetricType type, std::string_view help) {
  require_name(name, NameOf::metric);
  family_ = name;
  type_ = type;
  text_.append("# HELP ").append(name) += ' ';
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(name_of(type)) += '\n';
  return *this;
}

void Exposition::begin_sample(std::string_view name, std::span<const Label> labels) {
  if (!is_of_family(name, family_, type_)) {
    throw Error(ErrorCode::internal, "sample " + base::quoted(name) +
                                         " does not belong to the metric family " + base::quoted(family_));
  }
  for (const Label& label : labels) require_name(label.name, NameOf::label);
  text_ += name;
  if (!labels.empty()) {
    std::vector<Label> sorted(labels.begin(), labels.end());
    std::sort(sorted.begin(), sorted.end(), [](const Label& a, const Label& b) { return a.name < b.name; });
    char before = '{';
    for (const Label& label : sorted) {
      text_ += before;
      text_.append(label.name).append("=\"");
      append_escaped(text_, label.value, true);
      text_ += '"';
      before = ',';
    }
    text_ += '}';
  }
  text_ += ' ';
}

Exposition& Exposition::sample(std::string_view name, std::span<const Label> labels, double value) {
  begin_sample(name, labels);
  append_number(text_, value);
  text_ += '\n';
  return *this;
}

Exposition& Exposition::sample(std::string_view name, std::span<const Label> labels, std::uint64_t value) {
  begin_sample(name, labels);
  append_digits(text_, value);
  text_ += '\n';
  return *this;
}

Exposition& Exposition::sample(std::string_view name, std::span<const Label> labels, std::int64_t value) {
  begin_sample(name, labels);
  append_digits(text_, value);
  text_ += '\n';
  return *this;
}

}  // namespace onda::telemetry
