#pragma once

#include <string>
#include <vector>

namespace onda::cli {

/// Rows of text under headings, in columns as wide as what they hold, two spaces apart.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string heading;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns. Control characters in a cell are escaped.
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool is_empty() const noexcept { return rows_.empty(); }

  /// Every line ends in a newline and none in spaces. The headings are left out where all of them are empty.
  [[nodiscard]] std::string text(std::size_t indent = 0) const;
  /// Comma-separated values (RFC 4180), headings first.
  [[nodiscard]] std::string csv() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace onda::cli
