#include "cli/bench_report.h"

#include <algorithm>
#include <limits>

#include "cli/json_writer.h"
#include "cli/quantity.h"
#include "cli/svg_plot.h"
#include "cli/table.h"

namespace onda::cli {
namespace {

/// What all three forms print of one line.
struct Figures {
  explicit Figures(const BenchRow& row)
      : runs(row.measurement.latencies.count()),
        runs_per_second(row.measurement.runs_per_second()),
        items_per_second(runs_per_second * static_cast<double>(row.batch)),
        p50(row.measurement.latencies.percentile(0.5)),
        p90(row.measurement.latencies.percentile(0.9)),
        p99(row.measurement.latencies.percentile(0.99)),
        max(row.measurement.latencies.max()),
        cpu_per_run(runs > 0 ? row.measurement.cpu.count() / static_cast<double>(runs) : 0) {}

  std::uint64_t runs;
  double runs_per_second;
  double items_per_second;
  std::chrono::duration<double> p50;
  std::chrono::duration<double> p90;
  std::chrono::duration<double> p99;
  std::chrono::duration<double> max;
  double cpu_per_run;
};

std::string allocations_text(const Measurement& measurement) {
  return measurement.allocations_per_run ? brief(*measurement.allocations_per_run) : "-";
}

std::string memory_text(const BenchMemory& memory) {
  std::string text = "memory: " + memory.strategy;
  if (!memory.statistics) return text + '\n';
  const auto& of = *memory.statistics;
  text += ", " + bytes_text(of.live_bytes) + " live, " + bytes_text(of.held_bytes) + " held (" +
          percent_text(of.fragmentation()) + " fragmentation), " + bytes_text(of.peak_bytes) +
          " peak, budget " + (of.budget_bytes == 0 ? "none" : bytes_text(of.budget_bytes)) + "\n  " +
          std::to_string(of.allocations) + " allocations, " + std::to_string(of.cache_hits) + " hits, " +
          std::to_string(of.cache_misses) + " misses, " + std::to_string(of.trims) + " trims";
  if (memory.runs) {
    text += "; a run took " + bytes_text(memory.runs->peak_run_bytes) + " at most, the last one in " +
            std::to_string(memory.runs->last_run_allocations) + " blocks";
  }
  return text + '\n';
}

void write_memory(JsonWriter& json, const BenchMemory& memory) {
  json.key("memory").begin_object().member("strategy", memory.strategy);
  if (memory.statistics) {
    const auto& of = *memory.statistics;
    json.member("live_bytes", of.live_bytes).member("held_bytes", of.held_bytes);
    json.member("fragmentation", of.fragmentation()).member("peak_bytes", of.peak_bytes);
    json.member("budget_bytes", of.budget_bytes).member("allocations", of.allocations);
    json.member("cache_hits", of.cache_hits).member("cache_misses", of.cache_misses);
    json.member("trims", of.trims);
  }
  if (memory.runs) {
    json.member("peak_run_bytes", memory.runs->peak_run_bytes);
    json.member("last_run_allocations", memory.runs->last_run_allocations);
  }
  json.end_object();
}

using Dimension = std::int64_t BenchRow::*;

std::vector<std::int64_t> values_of(const BenchReport& report, Dimension dimension) {
  std::vector<std::int64_t> values;
  for (const auto& row : report.rows) {
    if (std::find(values.begin(), values.end(), row.*dimension) == values.end())
      values.push_back(row.*dimension);
  }
  return values;
}

struct PlotAxis {
  Dimension dimension;
  const char* name;
};

std::string series_name(const BenchRow& row, Dimension category) {
  std::string name;
  const auto add = [&](Dimension dimension, const char* what) {
    if (dimension == category) return;
    name += (name.empty() ? "" : ", ") + std::string(what) + ' ' + std::to_string(row.*dimension);
  };
  add(&BenchRow::batch, "batch");
  add(&BenchRow::threads, "threads");
  add(&BenchRow::callers, "callers");
  return name;
}

PlotAxis category_axis(const BenchReport& report) {
  for (const auto& axis : {PlotAxis{&BenchRow::batch, "batch"}, PlotAxis{&BenchRow::callers, "callers"}}) {
    if (values_of(report, axis.dimension).size() > 1) return axis;
  }
  return {&BenchRow::threads, "threads"};
}

template <class Value>
PlotPanel panel_of(const BenchReport& report, const PlotAxis& axis, Value value) {
  PlotPanel panel;
  panel.category_name = axis.name;
  const auto categories = values_of(report, axis.dimension);
  for (const auto category : categories) panel.categories.push_back(std::to_string(category));
  for (const auto& row : report.rows) {
    const std::string name = series_name(row, axis.dimension);
    auto series = std::find_if(panel.series.begin(), panel.series.end(),
                               [&name](const PlotSeries& other) { return other.name == name; });
    if (series == panel.series.end()) {
      const double none = std::numeric_limits<double>::quiet_NaN();
      panel.series.push_back({name, std::vector<double>(categories.size(), none)});
      series = panel.series.end() - 1;
    }
    const auto place =
        std::find(categories.begin(), categories.end(), row.*axis.dimension) - categories.begin();
    series->values[static_cast<std::size_t>(place)] = value(Figures(row));
  }
  return panel;
}

}  // namespace

std::string bench_text(const BenchReport& report) {
  Table table({{"batch", Table::Align::right},
               {"threads", Table::Align::right},
               {"callers", Table::Align::right},
               {"p50", Table::Align::right},
               {"p90", Table::Align::right},
               {"p99", Table::Align::right},
               {"max", Table::Align::right},
               {"items/s", Table::Align::right},
               {"CPU/run", Table::Align::right},
               {"peak", Table::Align::right},
               {"new/run", Table::Align::right},
               {"runs", Table::Align::right}});
  for (const auto& row : report.rows) {
    const Figures figures(row);
    table.add({std::to_string(row.batch), std::to_string(row.threads), std::to_string(row.callers),
               duration_text(figures.p50), duration_text(figures.p90), duration_text(figures.p99),
               duration_text(figures.max), rate_text(figures.items_per_second),
               duration_text(std::chrono::duration<double>(figures.cpu_per_run)),
               bytes_text(row.measurement.peak_memory_bytes), allocations_text(row.measurement),
               std::to_string(figures.runs)});
  }
  std::string text = report.model + " on " + report.device + ", ONNX Runtime " + report.runtime_version +
                     ", " + (report.is_prepared ? "prepared" : "not prepared") + ", loaded in " +
                     duration_text(std::chrono::duration<double>(report.load_seconds)) + "\n\n";
  text += table.text() + '\n' + memory_text(report.memory);
  return text +
         "\nitems/s: runs per second times batch. peak: the process's resident memory. new/run: calls of "
         "operator new,\n"
         "ONNX Runtime's included; what tensors take is not. Percentiles are within 0.4 %.\n";
}

std::string bench_csv(const BenchReport& report) {
  Table table({{"batch"},
               {"threads"},
               {"callers"},
               {"runs"},
               {"p50_seconds"},
               {"p90_seconds"},
               {"p99_seconds"},
               {"max_seconds"},
               {"runs_per_second"},
               {"items_per_second"},
               {"cpu_seconds_per_run"},
               {"peak_memory_bytes"},
               {"allocations_per_run"}});
  const auto exact = [](double value) {
    std::string text;
    append_json_number(text, value);
    return text;
  };
  for (const auto& row : report.rows) {
    const Figures figures(row);
    table.add(
        {std::to_string(row.batch), std::to_string(row.threads), std::to_string(row.callers),
         std::to_string(figures.runs), exact(figures.p50.count()), exact(figures.p90.count()),
         exact(figures.p99.count()), exact(figures.max.count()), exact(figures.runs_per_second),
         exact(figures.items_per_second), exact(figures.cpu_per_run),
         std::to_string(row.measurement.peak_memory_bytes),
         row.measurement.allocations_per_run ? exact(*row.measurement.allocations_per_run) : std::string()});
  }
  return table.csv();
}

std::string bench_json(const BenchReport& report) {
  JsonWriter json;
  json.begin_object().member("model", report.model).member("device", report.device);
  json.member("onnxruntime", report.runtime_version).member("prepared", report.is_prepared);
  json.member("load_seconds", report.load_seconds).member("seed", report.seed).key("results").begin_array();
  for (const auto& row : report.rows) {
    const Figures figures(row);
    json.begin_object()
        .member("batch", row.batch)
        .member("threads", row.threads)
        .member("callers", row.callers);
    json.member("runs", figures.runs).member("p50_seconds", figures.p50.count());
    json.member("p90_seconds", figures.p90.count()).member("p99_seconds", figures.p99.count());
    json.member("max_seconds", figures.max.count())
        .member("mean_seconds", row.measurement.latencies.mean_ns() * 1e-9);
    json.member("runs_per_second", figures.runs_per_second)
        .member("items_per_second", figures.items_per_second);
    json.member("cpu_seconds_per_run", figures.cpu_per_run);
    json.member("peak_memory_bytes", row.measurement.peak_memory_bytes).key("allocations_per_run");
    if (row.measurement.allocations_per_run) {
      json.value(*row.measurement.allocations_per_run);
    } else {
      json.null();
    }
    json.end_object();
  }
  json.end_array();
  write_memory(json, report.memory);
  return json.end_object().finish();
}

std::string bench_svg(const BenchReport& report) {
  const PlotAxis axis = category_axis(report);
  auto throughput = panel_of(report, axis, [](const Figures& figures) { return figures.items_per_second; });
  throughput.title = "Throughput";
  throughput.unit = "items/s";
  auto median = panel_of(report, axis, [](const Figures& figures) { return figures.p50.count() * 1e3; });
  median.title = "Latency, p50";
  median.unit = "ms";
  auto tail = panel_of(report, axis, [](const Figures& figures) { return figures.p99.count() * 1e3; });
  tail.title = "Latency, p99";
  tail.unit = "ms";
  return plot_svg(report.model + ", ONNX Runtime " + report.runtime_version, {throughput, median, tail});
}

}  // namespace onda::cli
