#include "cli/table.h"

#include <algorithm>

#include "cli/console.h"
#include "cli/paragraph.h"

namespace onda::cli {
namespace {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (auto& cell : cells) cell = single_line(cell);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::size_t indent) const {
  std::vector<std::string> headings;
  for (const auto& column : columns_) headings.push_back(column.heading);
  const bool has_headings = std::any_of(headings.begin(), headings.end(),
                                        [](const std::string& heading) { return !heading.empty(); });

  std::vector<std::size_t> widths;
  for (const auto& heading : headings) widths.push_back(text_width(heading));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], text_width(row[i]));
  }

  std::string result;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += "  ";
      const std::string padding(widths[i] - text_width(cells[i]), ' ');
      line += columns_[i].align == Align::right ? padding + cells[i] : cells[i] + padding;
    }
    trim_end(line);
    result += line + '\n';
  };
  if (has_headings) add_line(headings);
  for (const auto& row : rows_) add_line(row);
  return result;
}

std::string Table::csv() const {
  std::string result;
  const auto add_line = [&result](const auto& cells, auto text_of) {
    for (std::size_t i = 0; i < cells.size(); ++i) result += (i > 0 ? "," : "") + csv_cell(text_of(cells[i]));
    result += '\n';
  };
  add_line(columns_, [](const Column& column) { return column.heading; });
  for (const auto& row : rows_) add_line(row, [](const std::string& cell) { return cell; });
  return result;
}

}  // namespace onda::cli
