#include "cli/run_report.h"

#include <algorithm>

#include "cli/console.h"
#include "cli/json_writer.h"
#include "cli/quantity.h"
#include "cli/table.h"
#include "cli/tensor_json.h"
#include "cli/tensor_summary.h"

namespace onda::cli {
namespace {

std::string label_of(const RunReport& report, std::size_t index) {
  return index < report.labels.size() ? report.labels[index] : "class " + std::to_string(index);
}

std::string score_text(const RunReport& report, double score) {
  return report.are_probabilities ? percent_text(score) : brief(score);
}

/// One table for all runs. Columns that would say the same in every line are left out.
std::string ranking_table(const RunReport& report) {
  const bool has_inputs = report.runs.size() > 1;
  const bool has_rows = std::any_of(report.runs.begin(), report.runs.end(),
                                    [](const RunResult& run) { return run.rankings.size() > 1; });
  const bool has_ranks = std::any_of(report.runs.begin(), report.runs.end(), [](const RunResult& run) {
    return !run.rankings.empty() && run.rankings.front().classes.size() > 1;
  });
  std::vector<Table::Column> columns;
  if (has_inputs) columns.push_back({"input"});
  if (has_rows) columns.push_back({"row", Table::Align::right});
  if (has_ranks) columns.push_back({"#", Table::Align::right});
  columns.push_back({"label"});
  columns.push_back({report.are_probabilities ? "probability" : "score", Table::Align::right});
  Table table(std::move(columns));
  for (const auto& run : report.runs) {
    for (const auto& ranking : run.rankings) {
      for (std::size_t rank = 0; rank < ranking.classes.size(); ++rank) {
        const auto& ranked = ranking.classes[rank];
        std::vector<std::string> cells;
        if (has_inputs) cells.push_back(run.input);
        if (has_rows) cells.push_back(std::to_string(ranking.row));
        if (has_ranks) cells.push_back(std::to_string(rank + 1));
        cells.push_back(label_of(report, ranked.index));
        cells.push_back(score_text(report, ranked.score));
        table.add(std::move(cells));
      }
    }
  }
  return table.text();
}

std::string summaries(const RunReport& report) {
  std::string text;
  for (const auto& run : report.runs) {
    if (report.runs.size() > 1) text += single_line(run.input) + '\n';
    for (const auto& [name, tensor] : run.outputs) text += summarize_tensor(name, tensor);
  }
  return text;
}

std::string times_text(const RunReport& report) {
  std::vector<std::chrono::duration<double>> times;
  for (const auto& run : report.runs) times.insert(times.end(), run.times.begin(), run.times.end());
  std::sort(times.begin(), times.end());
  return std::to_string(times.size()) + " runs: min " + duration_text(times.front()) + ", median " +
         duration_text(times[times.size() / 2]) + ", max " + duration_text(times.back()) + '\n';
}

std::string_view prepared_text(PreparedState state) {
  switch (state) {
    case PreparedState::off:
      return "off";
    case PreparedState::missing:
      return "missing";
    case PreparedState::used:
      return "used";
    case PreparedState::replaced:
      return "replaced";
  }
  return "";
}

void write_rankings(JsonWriter& json, const RunReport& report, const RunResult& run) {
  json.key("top").begin_array();
  for (const auto& ranking : run.rankings) {
    for (const auto& ranked : ranking.classes) {
      json.begin_object_row().member("row", static_cast<std::uint64_t>(ranking.row));
      json.member("index", static_cast<std::uint64_t>(ranked.index))
          .member("label", label_of(report, ranked.index));
      json.member("score", ranked.score).end_object();
    }
  }
  json.end_array();
}

}  // namespace

std::string run_text(const RunReport& report) {
  std::string text = report.is_ranking ? ranking_table(report) : summaries(report);
  for (const auto& run : report.runs) {
    for (const auto& file : run.files) text += "wrote " + single_line(file) + '\n';
  }
  const bool was_repeated = !report.runs.empty() && report.runs.front().times.size() > 1;
  return was_repeated ? text + times_text(report) : text;
}

std::string run_json(const RunReport& report) {
  JsonWriter json;
  json.begin_object().member("model", report.model).member("device", report.device);
  json.member("prepared", prepared_text(report.prepared));
  if (report.is_ranking) json.member("probabilities", report.are_probabilities);
  json.key("runs").begin_array();
  for (const auto& run : report.runs) {
    json.begin_object().member("input", run.input);
    if (report.is_ranking) {
      write_rankings(json, report, run);
    } else {
      json.key("outputs").begin_array();
      for (const auto& [name, tensor] : run.outputs) write_tensor_json(json, name, tensor);
      json.end_array();
    }
    json.key("seconds").begin_row();
    for (const auto& time : run.times) json.value(time.count());
    json.end_array().key("files").begin_row();
    for (const auto& file : run.files) json.value(file);
    json.end_array().end_object();
  }
  return json.end_array().end_object().finish();
}

}  // namespace onda::cli
