#include <algorithm>
#include <filesystem>

#include "base/quoted.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/graph_end.h"
#include "cli/input_assignment.h"
#include "cli/input_file.h"
#include "cli/interruption.h"
#include "cli/progress_line.h"
#include "cli/run_report.h"
#include "cli/run_request.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"
#include "onda/session.h"
#include "serving/class_ranking.h"
#include "serving/labels.h"

namespace onda::cli {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const DType dtype : all_dtypes()) names.emplace_back(to_string(dtype));
  return names;
}

/// The shape and dtype flags, each for the input that it names.
std::vector<InputOptions> input_options(const RunRequest& request, std::span<const ValueInfo> inputs) {
  InputOptions common;
  common.policy = request.policy;
  common.steps = request.preprocess.steps();
  std::vector<InputOptions> result(std::max<std::size_t>(inputs.size(), 1), common);
  for (const auto& text : request.shapes) {
    const auto named = split_name(text, inputs);
    result[named.input].shape = parse_shape(named.text);
  }
  for (const auto& text : request.dtypes) {
    const auto named = split_name(text, inputs);
    const auto dtype = parse_dtype(named.text);
    if (!dtype)
      throw UsageError("--dtype " + base::quoted(named.text) + ": no type is called so" +
                       did_you_mean(named.text, dtype_names()) + "; expected float32, int64, uint8, …");
    result[named.input].dtype = dtype;
  }
  return result;
}

/// Pixel values between 0 and 1 are rarely what a model of photographs was trained on, and nothing in the
/// model says so.
void note_scaling(const RunRequest& request, const Preprocess& steps) {
  const bool is_photograph =
      steps.color != ColorOrder::grey && steps.dtype != DType::uint8 && steps.dtype != DType::int8;
  if (!is_photograph || request.preprocess.says_scaling()) return;
  note("note: pixels were scaled to 0..1; a model that was trained on ImageNet wants --preprocess imagenet");
}

/// Whether --softmax applies to what is ranked, and whether scores are probabilities then.
struct SoftmaxDecision {
  bool applies = false;
  bool gives_probabilities = false;
};

SoftmaxDecision decide_softmax(const RunRequest& request, const std::string& output) {
  if (request.softmax == SoftmaxMode::on) return {true, true};
  const bool is_in_graph = ends_in_softmax(request.model, output);
  if (request.softmax == SoftmaxMode::off) return {false, is_in_graph};
  return {!is_in_graph, true};
}

/// The part of a run that is the same for all inputs.
struct Work {
  const RunRequest& request;
  const Session& session;
  std::vector<InputOptions> input_options;
  std::vector<std::string> labels;
  bool has_several_runs = false;
  std::stop_token stop;
  // Settled by the first run.
  std::optional<SoftmaxDecision> softmax_decision = std::nullopt;
  bool has_noted_scaling = false;
};

std::string name_of_run(std::span<const AssignedInput> assigned) {
  // The file that differs from run to run is the last.
  return assigned.empty() ? std::string() : assigned.back().file;
}

std::string stem_of_run(const std::string& name) {
  return name == "-" ? "stdin" : file_name_of(std::filesystem::path(name).stem().string());
}

std::vector<NamedTensor> run_repeatedly(const Work& work, std::span<const NamedView> views,
                                        RunResult& result) {
  std::vector<NamedTensor> outputs;
  for (std::int64_t i = 0; i < work.request.repeat; ++i) {
    RunOptions limits;
    limits.stop = work.stop;
    const auto start = Clock::now();
    if (work.request.timeout) limits.deadline = start + *work.request.timeout;
    outputs = work.session.run(views, limits);
    result.times.emplace_back(Clock::now() - start);
  }
  return outputs;
}

std::vector<std::vector<double>> rows_of(const NamedTensor& output) {
  try {
    return serving::score_rows(output.tensor);
  } catch (const Error& error) {
    throw error.with_context("output " + base::quoted(output.name));
  }
}

void rank(Work& work, std::span<const NamedTensor> outputs, RunResult& result) {
  const auto& output = outputs[serving::ranked_output(outputs, work.labels.size())];
  const auto& name = output.name;
  const auto rows = rows_of(output);
  if (!work.labels.empty() && work.labels.size() != rows.front().size()) {
    throw Error(ErrorCode::invalid_argument, "--labels " + single_line(work.request.labels) + ": holds " +
                                                 std::to_string(work.labels.size()) + " labels, output " +
                                                 base::quoted(name) + " has " +
                                                 std::to_string(rows.front().size()) + " classes");
  }
  if (!work.softmax_decision) work.softmax_decision = decide_softmax(work.request, name);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto scores = work.softmax_decision->applies ? serving::softmax(rows[row]) : rows[row];
    result.rankings.push_back({row, serving::top_k(scores, *work.request.top)});
  }
}

/// Every file is encoded before the first is written, so that what cannot be encoded leaves none behind.
void write_results(const Work& work, std::span<const NamedTensor> outputs, RunResult& result) {
  const auto plan = plan_outputs(work.request.output, work.session.outputs(), stem_of_run(result.input),
                                 work.has_several_runs);
  std::vector<std::string> contents;
  for (const auto& planned : plan) {
    if (planned.output) {
      const auto& [name, tensor] = outputs[*planned.output];
      contents.push_back(encode_tensor(planned.format, name, tensor));
    } else {
      contents.push_back(encode_tensors_json(outputs));
    }
  }
  write_outputs(plan, contents);
  for (const auto& planned : plan) {
    if (planned.file != "-") result.files.push_back(planned.file);
  }
}

RunResult run_once(Work& work, std::span<const AssignedInput> assigned) {
  RunResult result;
  result.input = name_of_run(assigned);
  std::vector<Tensor> tensors;
  std::vector<NamedView> views;
  tensors.reserve(assigned.size());
  for (const auto& [index, file] : assigned) {
    const auto& declared = work.session.inputs()[index];
    auto loaded = load_input(file, read_input_bytes(file), declared, work.input_options[index]);
    if (loaded.preprocess && !work.has_noted_scaling) {
      note_scaling(work.request, *loaded.preprocess);
      work.has_noted_scaling = true;
    }
    tensors.push_back(std::move(loaded.tensor));
    views.push_back({declared.name, tensors.back()});
  }
  auto outputs = run_repeatedly(work, views, result);
  if (work.request.ranks()) rank(work, outputs, result);
  write_results(work, outputs, result);
  // Many runs of large outputs that nobody asked to see would fill the memory.
  if (!work.request.ranks()) result.outputs = std::move(outputs);
  return result;
}

/// Before the first run, so that none is done in vain.
void require_own_files(const RunRequest& request, std::span<const std::vector<AssignedInput>> runs,
                       std::span<const ValueInfo> outputs) {
  std::vector<std::string> stems;
  for (const auto& assigned : runs) stems.push_back(stem_of_run(name_of_run(assigned)));
  cli::require_own_files(request.output, outputs, stems);
}

ExitCode execute(const RunRequest& request) {
  std::vector<std::string> labels;
  if (!request.labels.empty()) labels = serving::read_labels(request.labels);
  const Runtime runtime = request.runtime.initialize(request.memory);
  const Session session = Session::open(runtime, request.model, request.session.options);
  const auto exists = [](const std::string& file) {
    std::error_code error;
    return std::filesystem::exists(file, error);
  };
  const auto runs = assign_inputs(request.inputs, session.inputs(), exists);
  require_own_files(request, runs, session.outputs());

  RunReport report;
  report.model = request.model;
  report.device = to_string(session.device());
  report.is_ranking = request.ranks();

  const Interruption interruption;
  Work work{request,           session,         input_options(request, session.inputs()),
            std::move(labels), runs.size() > 1, interruption.token()};
  ProgressLine progress(runs.size() * static_cast<std::size_t>(request.repeat) > 1);
  for (const auto& assigned : runs) {
    if (interruption.token().stop_requested()) throw Error(ErrorCode::cancelled, "interrupted");
    progress.show(report.runs.size(), runs.size(), "inputs");
    report.runs.push_back(run_once(work, assigned));
  }
  progress.clear();
  report.prepared = session.prepared();
  report.labels = std::move(work.labels);
  const auto softmax_decision = work.softmax_decision.value_or(SoftmaxDecision{});
  report.are_probabilities = softmax_decision.gives_probabilities;
  if (softmax_decision.applies && request.softmax == SoftmaxMode::automatic) {
    note("note: softmax was applied, because the graph does not end in one (--softmax off shows the scores)");
  }
  const bool writes_to_output =
      std::find(request.output.given.begin(), request.output.given.end(), "-") != request.output.given.end();
  if (request.as_json) {
    print(run_json(report));
  } else if (!writes_to_output) {
    print(run_text(report));
  }
  return ExitCode::done;
}

}  // namespace

ExitCode run_command(std::span<const std::string> arguments) {
  RunRequest request;
  std::string help;
  if (request.parse(arguments, help) == CommandLine::Parsed::help) {
    print(help);
    return ExitCode::done;
  }
  return execute(request);
}

}  // namespace onda::cli
