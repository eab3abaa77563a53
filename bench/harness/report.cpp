#include "bench/harness/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "base/machine.h"
#include "onda/version.h"

namespace onda::bench {
namespace {

/// Four significant digits, without an exponent where there is room.
std::string short_number(double value) { return fmt::format("{:.4g}", value); }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string verdict(const Row& row) {
  const auto met = is_met(row);
  return !met ? "-" : *met ? "yes" : "NO";
}

std::array<std::string, 8> cells(const Row& row) {
  return {row.name,
          short_number(row.value) + ' ' + row.unit,
          or_dash(row.reference),
          row.ratio ? fmt::format("{:.3f}", *row.ratio) : "-",
          short_number(row.ci_low) + " .. " + short_number(row.ci_high),
          std::to_string(row.samples),
          or_dash(goal_text(row)),
          verdict(row)};
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::string quoted_or_null(const std::string& text) { return text.empty() ? "null" : quoted(text); }

std::string row_json(const Row& row) {
  const auto met = is_met(row);
  return fmt::format(
      R"({{"name": {}, "value": {}, "unit": {}, "reference": {}, "ratio": {}, "ci_low": {}, "ci_high": {}, )"
      R"("samples": {}, "goal": {}, "met": {}}})",
      quoted(row.name), row.value, quoted(row.unit), quoted_or_null(row.reference),
      row.ratio ? fmt::format("{}", *row.ratio) : "null", row.ci_low, row.ci_high, row.samples,
      quoted_or_null(goal_text(row)), met ? fmt::format("{}", *met) : "null");
}

}  // namespace

std::optional<bool> is_met(const Row& row) {
  if (!row.goal) return std::nullopt;
  if (row.goal->of_median) {
    const double median = row.goal->of == Goal::Of::ratio ? row.ratio.value_or(row.value) : row.value;
    return row.goal->bound == Goal::Bound::at_most ? median <= row.goal->limit : median >= row.goal->limit;
  }
  return row.goal->bound == Goal::Bound::at_most ? row.ci_high <= row.goal->limit
                                                 : row.ci_low >= row.goal->limit;
}

std::string goal_text(const Row& row) {
  if (!row.goal) return {};
  const bool of_ratio = row.goal->of == Goal::Of::ratio;
  return fmt::format("{}{} {} {:.4g}{}", row.goal->of_median ? "median " : "", of_ratio ? "ratio" : "value",
                     row.goal->bound == Goal::Bound::at_most ? "<=" : ">=", row.goal->limit,
                     of_ratio ? "" : ' ' + row.unit);
}

Circumstances present_circumstances(std::string onnxruntime) {
  const base::Machine machine = base::inspect_machine();
  return {.commit = std::string(build_commit()),
          .cpu = machine.cpu_model,
          .cores = machine.usable_cores,
          .onnxruntime = std::move(onnxruntime)};
}

Row ratio_row(std::string name, std::string unit, std::string reference, const Comparison& comparison,
              std::optional<Goal> goal) {
  return {.name = std::move(name),
          .value = comparison.ours.median,
          .unit = std::move(unit),
          .reference = std::move(reference),
          .ratio = comparison.ratio.median,
          .ci_low = comparison.ratio.low,
          .ci_high = comparison.ratio.high,
          .samples = comparison.ratio.samples,
          .goal = goal};
}

Row difference_row(std::string name, std::string unit, std::string reference, const Comparison& comparison,
                   std::optional<Goal> goal) {
  return {.name = std::move(name),
          .value = comparison.difference.median,
          .unit = std::move(unit),
          .reference = std::move(reference),
          .ratio = comparison.ratio.median,
          .ci_low = comparison.difference.low,
          .ci_high = comparison.difference.high,
          .samples = comparison.difference.samples,
          .goal = goal};
}

Row value_row(std::string name, std::string unit, const Estimate& value, std::optional<Goal> goal,
              std::string reference, std::optional<double> reference_value) {
  return {.name = std::move(name),
          .value = value.median,
          .unit = std::move(unit),
          .reference = std::move(reference),
          .ratio = reference_value ? std::optional(value.median / *reference_value) : std::nullopt,
          .ci_low = value.low,
          .ci_high = value.high,
          .samples = value.samples,
          .goal = goal};
}

std::string to_table(const std::vector<Row>& rows, const Circumstances& circumstances) {
  std::vector<std::array<std::string, 8>> lines = {
      {"what", "value", "compared with", "ratio", "95 % interval", "samples", "goal", "met"}};
  for (const Row& row : rows) lines.push_back(cells(row));
  std::array<std::size_t, 8> widths{};
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string table;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i + 1 < line.size(); ++i) table += fmt::format("{:<{}}  ", line[i], widths[i]);
    table += line.back() + '\n';
  }
  return table + fmt::format("commit {}, {}, {} cores, ONNX Runtime {}\n", circumstances.commit,
                             circumstances.cpu, circumstances.cores, circumstances.onnxruntime);
}

std::string to_json(const std::vector<Row>& rows, const Circumstances& circumstances) {
  std::string json = "[\n";
  for (const Row& row : rows) json += "  " + row_json(row) + ",\n";
  return json + fmt::format("  {{\"commit\": {}, \"cpu\": {}, \"cores\": {}, \"onnxruntime\": {}}}\n]\n",
                            quoted(circumstances.commit), quoted(circumstances.cpu), circumstances.cores,
                            quoted(circumstances.onnxruntime));
}

std::filesystem::path output_directory() {
  const char* named = std::getenv("ONDA_BENCH_OUTPUT");
  std::filesystem::path directory = named != nullptr && *named != '\0' ? named : "build/bench";
  std::filesystem::create_directories(directory);
  return directory;
}

void publish(const std::string& name, const std::vector<Row>& rows, const Circumstances& circumstances) {
  const std::string table = to_table(rows, circumstances);
  std::fwrite(table.data(), 1, table.size(), stdout);
  std::fflush(stdout);
  write_results(name, rows, circumstances);
}

void write_results(const std::string& name, const std::vector<Row>& rows,
                   const Circumstances& circumstances) {
  const auto file = output_directory() / (name + ".json");
  auto unfinished = file;
  unfinished += ".unfinished";
  std::ofstream stream(unfinished);
  stream << to_json(rows, circumstances);
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + unfinished.string());
  std::filesystem::rename(unfinished, file);
}

}  // namespace onda::bench
