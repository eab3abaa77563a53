#include "cli/repository_report.h"

#include <algorithm>

#include "base/files.h"
#include "cli/console.h"
#include "cli/json_writer.h"
#include "cli/paragraph.h"
#include "cli/table.h"
#include "onda/error.h"
#include "serving/complete_config.h"
#include "serving/config_writer.h"
#include "serving/labels.h"
#include "serving/model_config_reader.h"
#include "serving/preprocess_text.h"

namespace onda::cli {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kColumn = 14;
constexpr std::size_t kWidth = 100;

serving::ReadConfig read_config(const serving::ModelSource& source) {
  if (!source.config) return {};
  try {
    const auto bytes = base::read_file(*source.config, serving::kMaxConfigBytes);
    return serving::read_config_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } catch (const Error& error) {
    throw error.with_context(source.config->filename().string());
  }
}

Shape with_batch(const Shape& dims, bool is_batched) {
  if (!is_batched) return dims;
  std::vector<std::int64_t> all = {Shape::kDynamic};
  all.insert(all.end(), dims.dims().begin(), dims.dims().end());
  return Shape(std::span<const std::int64_t>(all));
}

/// Finds out how one model would be served.
class Inspection {
 public:
  Inspection(const Runtime& runtime, const SessionOptions& options, serving::ModelSource source)
      : runtime_(runtime), options_(options) {
    model_.source = std::move(source);
  }

  ServedModel run() && {
    try {
      require_no_problem(model_.source.problem);
      read_ = read_config(model_.source);
      warn(model_.source.warnings);
      warn(read_.warnings);
      model_.settings = serving::execution_settings_of(read_.config, {});
      warn(model_.settings.warnings);
      serving::locate_model_files(model_.source, read_.config.default_model_filename);
      choose_versions();
      open_versions();
    } catch (const Error& error) {
      model_.problem = error.what();
    }
    return std::move(model_);
  }

 private:
  static void require_no_problem(const std::string& problem) {
    if (!problem.empty()) throw Error(ErrorCode::failed_precondition, problem);
  }

  void warn(const std::vector<std::string>& warnings) {
    for (const auto& text : warnings) {
      if (std::find(model_.warnings.begin(), model_.warnings.end(), text) == model_.warnings.end())
        model_.warnings.push_back(text);
    }
  }

  void choose_versions() {
    std::vector<std::int64_t> available;
    for (const auto& version : model_.source.versions) available.push_back(version.version);
    for (const auto version : serving::select(read_.config.version_policy, available))
      model_.versions.push_back({version, {}});
    if (model_.versions.empty())
      throw Error(ErrorCode::failed_precondition,
                  "the version policy selects none of the versions that are there");
  }

  void open_versions() {
    // The highest first: the report is of that one where several can be served.
    for (auto verdict = model_.versions.rbegin(); verdict != model_.versions.rend(); ++verdict) {
      try {
        open(verdict->version);
      } catch (const Error& error) {
        verdict->refusal = error.what();
      }
    }
    if (!model_.is_served()) model_.problem = "none of its versions can be served";
  }

  void open(std::int64_t number) {
    const auto& version = *std::find_if(model_.source.versions.begin(), model_.source.versions.end(),
                                        [&](const auto& source) { return source.version == number; });
    require_no_problem(version.problem);
    const Session session =
        Session::open(runtime_, version.file, serving::session_options_of(read_.config, options_));
    const serving::ModelIo io{session.inputs(), session.outputs()};
    auto completed = serving::complete_config(read_, model_.source.name, io);
    const auto steps = steps_for(completed.config);
    const auto labels = labels_of(completed.config);
    warn(completed.warnings);
    if (model_.is_served()) return;
    model_.preprocess = steps;
    model_.labels = labels;
    model_.device = to_string(session.device());
    model_.config = std::move(completed.config);
  }

  [[nodiscard]] std::optional<Preprocess> steps_for(const serving::ModelConfig& config) const {
    const auto& steps = model_.settings.preprocess;
    if (!steps) return {};
    const serving::TensorConfig* image = nullptr;
    for (const auto& input : config.inputs) {
      if (input.optional) continue;
      if (image != nullptr)
        throw Error(ErrorCode::invalid_argument,
                    "onda.preprocess is for models with one input, this one has more");
      image = &input;
    }
    if (image == nullptr)
      throw Error(ErrorCode::invalid_argument, "onda.preprocess is for models with one input");
    try {
      return derive_preprocess(*steps, image->dtype, with_batch(image->dims, config.max_batch_size > 0));
    } catch (const Error& error) {
      throw error.with_context("onda.preprocess");
    }
  }

  [[nodiscard]] std::map<std::string, std::size_t> labels_of(const serving::ModelConfig& config) const {
    std::map<std::string, std::size_t> labels;
    for (const auto& output : config.outputs) {
      if (output.label_filename.empty()) continue;
      labels[output.name] = serving::read_model_labels(model_.source.directory, output.label_filename).size();
    }
    return labels;
  }

  const Runtime& runtime_;
  const SessionOptions& options_;
  serving::ReadConfig read_;
  ServedModel model_;
};

std::string row(std::string_view name, std::string_view content) {
  if (content.empty()) return {};
  return std::string(kIndent, ' ') + std::string(name) + std::string(kColumn - kIndent - name.size(), ' ') +
         wrapped(single_line(content), kColumn, kWidth) + '\n';
}

template <class Numbers>
std::string joined(const Numbers& numbers) {
  std::string text;
  for (const auto number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

std::string versions_text(const ServedModel& model) {
  std::vector<std::int64_t> served;
  std::vector<std::int64_t> available;
  for (const auto& verdict : model.versions) {
    if (verdict.refusal.empty()) served.push_back(verdict.version);
  }
  for (const auto& version : model.source.versions) available.push_back(version.version);
  if (available.empty()) return {};
  std::string text = served.empty() ? "none" : joined(served);
  if (available != served) text += " of " + joined(available);
  return model.config ? text + " (policy: " + to_string(model.config->version_policy) + ')' : text;
}

std::string queue_text(const serving::DynamicBatching& batching) {
  std::string text = ", joined after at most " + std::to_string(batching.max_queue_delay.count()) + " us";
  if (!batching.preferred_batch_sizes.empty())
    text += ", preferably " + joined(batching.preferred_batch_sizes);
  if (batching.preserve_ordering) text += ", in order";
  if (batching.priority_levels > 0) text += ", " + std::to_string(batching.priority_levels) + " priorities";
  return text;
}

std::string batching_text(const serving::ModelConfig& config) {
  if (config.max_batch_size == 0) return "none";
  const std::string text = "up to " + std::to_string(config.max_batch_size);
  return text +
         (config.dynamic_batching ? queue_text(*config.dynamic_batching) : ", requests are not joined");
}

std::string_view optimization_text(GraphOptimization optimization) {
  switch (optimization) {
    case GraphOptimization::off:
      return "off";
    case GraphOptimization::basic:
      return "basic";
    case GraphOptimization::extended:
      return "extended";
    case GraphOptimization::all:
      break;
  }
  return "all";
}

std::string session_text(const SessionOptions& options) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (options.graph_optimization != GraphOptimization::all)
    add("graph optimization " + std::string(optimization_text(options.graph_optimization)));
  if (options.intra_op_threads > 0) add("intra-op threads " + std::to_string(options.intra_op_threads));
  if (options.inter_op_threads > 0) add("inter-op threads " + std::to_string(options.inter_op_threads));
  if (options.execution_mode == ExecutionMode::parallel) add("parallel operators");
  if (options.memory != MemoryStrategy::recycling) add("allocator " + std::string(to_string(options.memory)));
  if (options.memory_pattern) add(*options.memory_pattern ? "memory pattern on" : "memory pattern off");
  for (const auto& [key, value] : options.config) {
    if (key.starts_with("session.")) add(key + '=' + value);
  }
  return text;
}

std::string labels_text(const ServedModel& model, const serving::TensorConfig& tensor) {
  const auto found = model.labels.find(tensor.name);
  if (found != model.labels.end()) return std::to_string(found->second) + " labels";
  return tensor.optional ? "optional" : "";
}

void add_tensors(Table& table, std::string heading, const ServedModel& model,
                 const std::vector<serving::TensorConfig>& tensors) {
  for (const auto& tensor : tensors) {
    const Shape shape = with_batch(tensor.dims, model.config->max_batch_size > 0);
    std::string notes = labels_text(model, tensor);
    if (tensor.reshape)
      notes +=
          (notes.empty() ? "" : ", ") + std::string("as ") + to_string(*tensor.reshape) + " to the model";
    table.add({heading, tensor.name, std::string(to_string(tensor.dtype)),
               tensor.any_shape ? "any shape" : to_string(shape), notes});
    heading.clear();
  }
}

std::string config_text(const ServedModel& model) {
  const serving::ModelConfig& config = *model.config;
  std::string text = row("batching", batching_text(config));
  const int instances = serving::instance_count(config);
  text += row("instances", instances > 0 ? std::to_string(instances) : "as many as suit the cores");
  text += row("device", model.device);
  text += row("session", session_text(model.settings.session));
  if (model.settings.shape_policy != ShapePolicy::strict)
    text += row("shape policy", to_string(model.settings.shape_policy));
  if (model.preprocess) text += row("preprocess", serving::to_string(*model.preprocess));
  if (!config.warm_ups.empty()) text += row("warm-ups", std::to_string(config.warm_ups.size()));
  Table table({{""}, {"name"}, {"type"}, {"shape"}, {""}});
  add_tensors(table, "inputs", model, config.inputs);
  add_tensors(table, "outputs", model, config.outputs);
  return text + table.text(kIndent);
}

std::string model_text(const ServedModel& model) {
  std::string text = single_line(model.source.name) + '\n';
  text += row("versions", versions_text(model));
  text += row("config", model.source.config ? "config.pbtxt" : "none: derived from the model");
  if (model.is_served()) text += config_text(model);
  for (const auto& verdict : model.versions) {
    if (!verdict.refusal.empty())
      text += row("wrong", "version " + std::to_string(verdict.version) + ": " + verdict.refusal);
  }
  text += row("wrong", model.problem);
  for (const auto& warning : model.warnings) text += row("warning", warning);
  return text;
}

std::size_t served_models(const RepositoryReport& report) {
  return static_cast<std::size_t>(std::count_if(report.models.begin(), report.models.end(),
                                                [](const auto& model) { return model.is_served(); }));
}

void write_strings(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const auto& text : texts) json.value(text);
  json.end_array();
}

void write_served(JsonWriter& json, const ServedModel& model) {
  json.key("config");
  if (!model.is_served()) {
    json.null();
    return;
  }
  json.raw(serving::config_json(*model.config));
  json.member("device", model.device)
      .member("shape_policy", to_string(model.settings.shape_policy))
      .key("preprocess");
  if (model.preprocess) {
    json.value(serving::to_string(*model.preprocess));
  } else {
    json.null();
  }
  json.key("labels").begin_object();
  for (const auto& [output, count] : model.labels) json.member(output, static_cast<std::uint64_t>(count));
  json.end_object();
}

void write_model(JsonWriter& json, const ServedModel& model) {
  json.begin_object().member("name", model.source.name).member("served", model.is_served());
  json.member("problem", model.problem).member("has_config", model.source.config.has_value());
  json.key("available_versions").begin_row();
  for (const auto& version : model.source.versions) json.value(version.version);
  json.end_array().key("versions").begin_array();
  for (const auto& [version, refusal] : model.versions) {
    json.begin_object_row()
        .member("version", version)
        .member("served", refusal.empty())
        .member("refusal", refusal);
    json.end_object();
  }
  json.end_array();
  write_strings(json, "warnings", model.warnings);
  write_served(json, model);
  json.end_object();
}

}  // namespace

bool ServedModel::is_well() const noexcept {
  return is_served() && problem.empty() &&
         std::all_of(versions.begin(), versions.end(),
                     [](const auto& verdict) { return verdict.refusal.empty(); });
}

bool RepositoryReport::is_well() const noexcept {
  return !models.empty() &&
         std::all_of(models.begin(), models.end(), [](const auto& model) { return model.is_well(); });
}

RepositoryReport inspect_repository(const Runtime& runtime, const std::filesystem::path& repository,
                                    const SessionOptions& options) {
  RepositoryReport report;
  report.repository = repository.string();
  report.runtime_version = runtime.info().version;
  auto content = serving::read_repositories({&repository, 1});
  report.warnings = std::move(content.warnings);
  if (content.models.empty())
    report.warnings.emplace_back("there are no models: expected MODEL/1/model.onnx, or *.onnx");
  for (auto& source : content.models)
    report.models.push_back(Inspection(runtime, options, std::move(source)).run());
  return report;
}

std::string repository_text(const RepositoryReport& report) {
  std::string text = single_line(report.repository) + ": " + std::to_string(report.models.size()) +
                     " models, " + std::to_string(served_models(report)) + " can be served (ONNX Runtime " +
                     report.runtime_version + ")\n";
  for (const auto& warning : report.warnings) text += row("warning", warning);
  for (const auto& model : report.models) text += '\n' + model_text(model);
  return text;
}

std::string repository_json(const RepositoryReport& report) {
  JsonWriter json;
  json.begin_object().member("repository", report.repository).member("onnxruntime", report.runtime_version);
  write_strings(json, "warnings", report.warnings);
  json.key("models").begin_array();
  for (const auto& model : report.models) write_model(json, model);
  return json.end_array().end_object().finish();
}

}  // namespace onda::cli
