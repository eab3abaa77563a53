#include <chrono>
#include <filesystem>

#include "cli/bench_inputs.h"
#include "cli/bench_report.h"
#include "cli/bench_request.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/input_assignment.h"
#include "cli/input_file.h"
#include "cli/interruption.h"
#include "cli/output_plan.h"
#include "cli/progress_line.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"
#include "onda/session.h"

namespace onda::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// The tensors that one batch size is measured with.
struct BenchInputs {
  std::vector<Tensor> tensors;
  std::vector<NamedView> views;
};

/// The files that --input names, loaded once, by the input's place.
std::map<std::size_t, Tensor> load_given_inputs(const BenchRequest& request, const Session& session) {
  std::map<std::size_t, Tensor> loaded;
  if (request.inputs.empty()) return loaded;
  const auto exists = [](const std::string& file) {
    std::error_code error;
    return std::filesystem::exists(file, error);
  };
  const auto runs = assign_inputs(request.inputs, session.inputs(), exists);
  if (runs.size() > 1) throw UsageError("--input: bench takes one file for each input");
  InputOptions options;
  options.steps = request.preprocess.steps();
  for (const auto& [index, file] : runs.front()) {
    loaded[index] = load_input(file, read_input_bytes(file), session.inputs()[index], options).tensor;
  }
  return loaded;
}

BenchInputs make_inputs(const BenchRequest& request, const Session& session,
                        const std::map<std::size_t, Tensor>& given, std::int64_t batch) {
  const auto declared = session.inputs();
  const auto shapes = settle_shapes(declared, {batch, request.dimensions});
  BenchInputs inputs;
  inputs.tensors.reserve(declared.size());
  for (std::size_t i = 0; i < declared.size(); ++i) {
    const auto found = given.find(i);
    if (found == given.end() && declared[i].optional) continue;
    if (declared[i].kind != ValueKind::tensor) {
      throw Error(ErrorCode::unimplemented, "input \"" + declared[i].name + "\" is a " +
                                                std::string(to_string(declared[i].kind)) +
                                                "; only tensors can be fed");
    }
    if (found == given.end()) {
      inputs.tensors.push_back(random_tensor(declared[i].dtype, shapes[i], request.seed + i));
    } else {
      inputs.tensors.push_back(repeat_to_batch(found->second, declared[i], shapes[i]));
    }
    inputs.views.push_back({declared[i].name, inputs.tensors.back()});
  }
  return inputs;
}

void note_guesses(const BenchRequest& request, const Session& session) {
  if (!request.inputs.empty()) return;
  // Complains about a name that no input has before it is noted which ones have no size.
  (void)settle_shapes(session.inputs(), {1, request.dimensions});
  const auto guessed = guessed_dimensions(session.inputs(), {1, request.dimensions});
  if (guessed.empty()) return;
  note("note: taken as 1: " + listed(guessed) + " (--dimension NAME=N sets a dimension that has a name)");
}

std::string progress_text(const BenchRow& row, std::size_t done, std::size_t all) {
  return "measuring " + std::to_string(done + 1) + " of " + std::to_string(all) + ": batch " +
         std::to_string(row.batch) + ", threads " + std::to_string(row.threads) + ", callers " +
         std::to_string(row.callers);
}

/// Keeps the fullest moment of all lines, and the counts as they are now.
void note_memory(const Session& session, const Allocator* watched, BenchReport& report) {
  BenchMemory& memory = report.memory;
  memory.strategy = to_string(session.memory_strategy());
  if (watched == nullptr) return;
  AllocatorStatistics now = watched->statistics();
  const auto seen = report.rows.back().measurement.memory.value_or(now);
  const auto fullest =
      memory.statistics && memory.statistics->live_bytes > seen.live_bytes ? *memory.statistics : seen;
  now.live_bytes = fullest.live_bytes;
  now.held_bytes = fullest.held_bytes;
  memory.statistics = now;
  const auto runs = session.memory();
  if (runs && (!memory.runs || runs->peak_run_bytes >= memory.runs->peak_run_bytes)) memory.runs = runs;
}

/// Everything that is measured with one session, i.e. one number of threads.
void measure_session(const BenchRequest& request, const Session& session, const std::stop_token& stop,
                     ProgressLine& progress, std::size_t all, const Allocator* watched, BenchReport& report) {
  const auto given = load_given_inputs(request, session);
  for (const auto batch : request.batches) {
    const auto inputs = make_inputs(request, session, given, batch);
    for (const auto callers : request.concurrencies) {
      BenchRow row{batch, session.intra_op_threads(), callers, {}};
      progress.show(progress_text(row, report.rows.size(), all));
      row.measurement =
          measure(session, inputs.views,
                  {callers, request.warm_up, request.duration, request.iterations, stop, watched});
      report.rows.push_back(std::move(row));
      note_memory(session, watched, report);
    }
  }
}

void measure_all(const BenchRequest& request, const Runtime& runtime, const std::stop_token& stop,
                 BenchReport& report) {
  const auto threads = request.threads.empty() ? std::vector<std::int64_t>{0} : request.threads;
  const std::size_t all = threads.size() * request.batches.size() * request.concurrencies.size();
  ProgressLine progress(true);
  for (const auto count : threads) {
    auto options = request.session.options;
    options.intra_op_threads = static_cast<int>(count);
    const auto start = Clock::now();
    const Session session = Session::open(runtime, request.model, options);
    const std::chrono::duration<double> took = Clock::now() - start;
    if (report.rows.empty()) {
      report.load_seconds = took.count();
      report.device = to_string(session.device());
      report.is_prepared = session.prepared() == PreparedState::used;
      note_guesses(request, session);
    }
    const auto allocator = runtime.allocator();
    const bool is_recycling = session.memory_strategy() == MemoryStrategy::recycling;
    measure_session(request, session, stop, progress, all, is_recycling ? allocator.get() : nullptr, report);
  }
}

void show(const BenchRequest& request, const BenchReport& report) {
  if (!request.plot.empty()) write_output(request.plot, bench_svg(report));
  if (request.as_json) {
    print(bench_json(report));
  } else if (request.as_csv) {
    print(bench_csv(report));
  } else {
    print(bench_text(report));
    if (!request.plot.empty() && request.plot != "-") print("wrote " + single_line(request.plot) + '\n');
  }
}

}  // namespace

ExitCode bench_command(std::span<const std::string> arguments) {
  BenchRequest request;
  std::string help;
  if (request.parse(arguments, help) == CommandLine::Parsed::help) {
    print(help);
    return ExitCode::done;
  }
  const Runtime runtime = request.runtime.initialize(request.memory);
  BenchReport report;
  report.model = request.model;
  report.runtime_version = runtime.info().version;
  report.seed = request.seed;
  const Interruption interruption;
  try {
    measure_all(request, runtime, interruption.token(), report);
  } catch (const Error& error) {
    // What was measured before Ctrl-C is worth showing.
    if (error.code() == ErrorCode::cancelled && !report.rows.empty()) show(request, report);
    throw;
  }
  show(request, report);
  return ExitCode::done;
}

}  // namespace onda::cli
