#include "cli/bench_request.h"

#include <filesystem>

#include "cli/console.h"
#include "cli/flag_values.h"
#include "cli/usage_error.h"

namespace onda::cli {
namespace {

CommandText text() {
  return {"bench",
          "MODEL [FLAGS]",
          "Measures a model: latency, throughput, CPU time, memory, allocations.",
          "Every combination of --batch, --threads and --concurrency is measured after a warm-up and gives a "
          "line of one "
          "table. Inputs are random numbers (whole numbers are 0 or 1) unless --input gives them.",
          {{"onda bench model.onnx", "One caller, all cores, two seconds."},
           {"onda bench model.onnx --batch 1,2,4,8 --threads 1,2",
            "Which batch and how many threads are worth it."},
           {"onda bench model.onnx --threads 1 --concurrency 1,2,4 --plot callers.svg",
            "How it scales, as a chart."},
           {"onda bench model.onnx --dimension sequence=128 --iterations 1000 --json", "For a script."}}};
}

std::vector<std::int64_t> read_sweep(const std::string& value, std::int64_t most) {
  const auto numbers = read_integers(value, 1);
  for (const auto number : numbers) {
    if (number > most) throw UsageError('"' + value + "\": at most " + std::to_string(most));
  }
  return numbers;
}

}  // namespace

CommandLine::Parsed BenchRequest::parse(std::span<const std::string> arguments, std::string& help,
                                        const EnvironmentLookup& environment) {
  CommandLine line(text());
  std::vector<std::string> words;
  line.words("MODEL", 1, 1, words);
  line.group("Sweep");
  line.option({"batch", "N,N,…", "Sizes of the first dimension, where it is dynamic; 1 by default."},
              [this](const std::string& value) { batches = read_sweep(value, 1 << 20); });
  line.option({"threads", "N,N,…", "Threads within an operator. Default: the cores this process may use."},
              [this](const std::string& value) { threads = read_sweep(value, 1024); });
  line.option({"concurrency", "N,N,…", "Callers that run the model at once; 1 by default."},
              [this](const std::string& value) { concurrencies = read_sweep(value, 1024); });
  line.group("Measurement");
  line.option({"duration", "TIME", "How long each line is measured: 2s by default."},
              [this](const std::string& value) { duration = read_duration(value); });
  line.option({"iterations", "N", "Measure N runs instead, of all callers together."},
              [this](const std::string& value) { iterations = read_integer(value, 1); });
  line.option({"warm-up", "TIME", "How long to run before measuring, three runs at least: 300ms by default."},
              [this](const std::string& value) { warm_up = read_duration(value); });
  line.group("Input");
  line.list({"input", "[NAME=]FILE",
             "Data instead of random numbers, as onda run takes them; one row is repeated "
             "to the batch."},
            [this](const std::string& value) { inputs.push_back(value); });
  line.list({"dimension", "NAME=N", "The size of a dynamic dimension, by its name; 1 otherwise."},
            [this](const std::string& value) {
              const auto [name, size] = split_assignment(value);
              dimensions[name] = read_integer(size, 1, 1 << 30);
            });
  line.option({"seed", "N", "Of the random numbers; 0 by default."}, [this](const std::string& value) {
    seed = static_cast<std::uint64_t>(read_integer(value, 0));
  });
  preprocess.add_to(line);
  line.group("Output");
  line.flag({"json", "", "Print one JSON object."}, as_json);
  line.flag({"csv", "", "Print comma-separated values."}, as_csv);
  line.option({"plot", "FILE.svg", "Also draw throughput and latency as a chart."}, plot);
  session.add_to(line, false);
  memory.add_to(line);
  runtime.add_to(line);
  if (line.parse(arguments, environment) == CommandLine::Parsed::help) {
    help = line.help();
    return CommandLine::Parsed::help;
  }
  if (plot != "-" && !plot.empty() && std::filesystem::path(plot).extension() != ".svg") {
    throw UsageError("--plot " + single_line(plot) + ": the chart is an SVG; give a name that ends in .svg");
  }
  if (as_json && as_csv) throw UsageError("--json and --csv cannot be printed both");
  model = words.front();
  session.options.log_level = runtime.log_level;
  memory.apply_to(session.options);
  return CommandLine::Parsed::run;
}

}  // namespace onda::cli
