#include "serving/version_loader.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "base/files.h"
#include "base/machine.h"
#include "onda/error.h"
#include "onda/prepared_model.h"
#include "serving/complete_config.h"
#include "serving/configured_executor.h"
#include "serving/labels.h"
#include "serving/model_config.h"
#include "telemetry/trace_settings.h"

namespace onda::serving {
namespace {

Shape with_batch(const Shape& dims, bool is_batched) {
  if (!is_batched) return dims;
  std::vector<std::int64_t> all = {Shape::kDynamic};
  all.insert(all.end(), dims.dims().begin(), dims.dims().end());
  return Shape(std::span<const std::int64_t>(all));
}

TensorSpec spec_of(const TensorConfig& config, bool is_batched) {
  TensorSpec spec;
  spec.name = config.name;
  spec.dtype = config.dtype;
  spec.has_shape = !config.any_shape;
  if (spec.has_shape) spec.shape = with_batch(config.dims, is_batched);
  spec.optional = config.optional;
  return spec;
}

/// Whether names say that some output does not have the inputs' first dimension: then requests are never
/// joined.
bool names_contradict_batching(const Session& session) {
  std::string_view batch;
  const auto first_name = [](const ValueInfo& value) -> std::string_view {
    return value.dimension_names.empty() ? std::string_view() : value.dimension_names.front();
  };
  for (const ValueInfo& input : session.inputs()) {
    if (input.optional) continue;
    if (batch.empty()) batch = first_name(input);
    if (first_name(input) != batch) return true;
  }
  if (batch.empty()) return false;
  return std::any_of(session.outputs().begin(), session.outputs().end(), [&](const ValueInfo& output) {
    return !first_name(output).empty() && first_name(output) != batch;
  });
}

/// Random bytes would be denormals and NaNs: values between 0 and 1, or small whole numbers.
void fill_random(Tensor& tensor, std::mt19937& random) {
  const auto fill = [&]<class T>(T /*like*/, auto distribution) {
    for (T& element : tensor.as<T>()) element = static_cast<T>(distribution(random));
  };
  std::uniform_real_distribution<double> real(0, 1);
  std::uniform_int_distribution<int> whole(0, 1);
  switch (tensor.dtype()) {
    case DType::float32:
      return fill(float{}, real);
    case DType::float64:
      return fill(double{}, real);
    case DType::string:
      return;
    default:
      // 0 and 1 are valid in every type, and small enough for an index.
      std::fill(tensor.bytes().begin(), tensor.bytes().end(), std::byte{0});
  }
}

Tensor warm_up_tensor(const WarmUpInput& input, std::int64_t batch, const std::filesystem::path& directory) {
  Tensor tensor(input.dtype, batch > 0 ? [&] {
    Shape shape = with_batch(input.dims, true);
    shape[0] = batch;
    return shape;
  }()
                                       : input.dims);
  std::fill(tensor.bytes().begin(), tensor.bytes().end(), std::byte{0});
  if (std::holds_alternative<WarmUpInput::Random>(input.data)) {
    std::mt19937 random(1);
    fill_random(tensor, random);
  } else if (const auto* file = std::get_if<WarmUpInput::File>(&input.data)) {
    const auto content = base::read_file(directory / "warmup" / file->name, std::uint64_t{1} << 30);
    if (content.size() != tensor.bytes().size()) {
      throw Error(ErrorCode::invalid_argument,
                  "warm-up file \"" + file->name + "\" has " + std::to_string(content.size()) +
                      " bytes; its input needs " + std::to_string(tensor.bytes().size()));
    }
    std::memcpy(tensor.bytes().data(), content.data(), content.size());
  }
  return tensor;
}

}  // namespace

VersionLoader::VersionLoader(Runtime runtime, VersionLoaderOptions options, WorkerPool& workers,
                             Timing& timing)
    : runtime_(std::move(runtime)), options_(std::move(options)), workers_(workers), timing_(timing) {}

LoadedVersion VersionLoader::load(const VersionRequest& request) const {
  if (!request.version.problem.empty()) throw Error(ErrorCode::not_found, request.version.problem);
  LoadedVersion loaded;
  const ExecutionSettings settings = execution_settings_of(request.config.config, options_.session);
  loaded.warnings = settings.warnings;
  loaded.file = request.version.file;
  loaded.session = settings.session;
  for (const auto& library : request.config.config.custom_op_libraries) {
    loaded.session.custom_op_libraries.push_back(request.source.directory / library);
  }
  // Callers are the parallelism: a run has the thread that it is called on, unless somebody has said
  // otherwise.
  if (loaded.session.intra_op_threads == 0) {
    loaded.may_widen = loaded.session.execution_mode == ExecutionMode::sequential &&
                       loaded.session.device.kind == Device::Kind::cpu;
    loaded.session.intra_op_threads = loaded.session.device.kind == Device::Kind::cpu ? 1 : 0;
  } else if (!loaded.session.spinning) {
    // Threads of several models that spin take the cores from each other.
    loaded.session.spinning = false;
  }
  switch (options_.prepare) {
    case PrepareMode::never:
      loaded.session.preparation = Preparation::off;
      break;
    case PrepareMode::background:
      loaded.session.preparation = Preparation::use;
      break;
    case PrepareMode::before_ready:
      loaded.session.preparation = Preparation::make;
      break;
  }
  const Session session = Session::open(runtime_, loaded.file, loaded.session);
  VersionParts parts = parts_of(request, settings, session, loaded.warnings);

  auto executor = std::make_unique<SessionExecutor>(SessionExecutor::Sessions{session, std::nullopt});
  loaded.executor = executor.get();
  std::vector<ConfiguredExecutor::Output> outputs;
  bool is_as_it_is = parts.outputs.size() == session.outputs().size();
  for (std::size_t i = 0; i < parts.config.outputs.size(); ++i) {
    const TensorConfig& config = parts.config.outputs[i];
    const auto models = session.outputs();
    const auto found =
        std::find_if(models.begin(), models.end(), [&](const auto& one) { return one.name == config.name; });
    auto& output = outputs.emplace_back();
    output.index = static_cast<std::size_t>(found - models.begin());
    if (config.reshape)
      output.reshape = TensorReshape(config.dims, *config.reshape, parts.config.max_batch_size > 0);
    is_as_it_is = is_as_it_is && output.index == i && !config.reshape;
  }
  parts.executor = std::move(executor);
  if (!is_as_it_is) {
    parts.executor = std::make_unique<ConfiguredExecutor>(std::move(parts.executor), std::move(outputs));
  }
  loaded.version = std::make_unique<ModelVersion>(std::move(parts), workers_, timing_);
  warm_up(*loaded.version, request.source.directory);
  return loaded;
}

VersionParts VersionLoader::parts_of(const VersionRequest& request, const ExecutionSettings& settings,
                                     const Session& session, std::vector<std::string>& warnings) const {
  CompletionOptions completion;
  completion.default_max_batch_size = options_.default_max_batch_size;
  completion.strict = options_.strict_config;
  CompletedConfig completed =
      complete_config(request.config, request.source.name, {session.inputs(), session.outputs()}, completion);
  warnings.insert(warnings.end(), completed.warnings.begin(), completed.warnings.end());

  VersionParts parts;
  parts.model = request.source.name;
  parts.number = request.version.version;
  parts.config = std::move(completed.config);
  parts.shape_policy = settings.shape_policy;
  parts.hold = request.hold;
  const bool is_batched = parts.config.max_batch_size > 0;
  for (const TensorConfig& config : parts.config.inputs) parts.inputs.push_back(spec_of(config, is_batched));
  for (const TensorConfig& config : parts.config.outputs) {
    TensorSpec& spec = parts.outputs.emplace_back(spec_of(config, is_batched));
    if (!config.label_filename.empty()) {
      spec.labels = read_model_labels(request.source.directory, config.label_filename);
    }
  }
  if (settings.preprocess) {
    const auto images = std::count_if(parts.inputs.begin(), parts.inputs.end(),
                                      [](const auto& one) { return !one.optional; });
    if (images != 1) {
      throw Error(ErrorCode::invalid_argument,
                  "onda.preprocess is for models with one input; this one has " + std::to_string(images));
    }
    const TensorSpec& input = *std::find_if(parts.inputs.begin(), parts.inputs.end(),
                                            [](const auto& one) { return !one.optional; });
    parts.preprocess = derive_preprocess(*settings.preprocess, input.dtype, input.shape);
  }
  if (options_.trace_settings != nullptr) parts.trace_sampler = options_.trace_settings->sampler(parts.model);
  parts.scheduling = scheduling_of(parts.config, session, warnings);
  // What clients read says what is done.
  if (parts.scheduling.batching && !parts.config.dynamic_batching) parts.config.dynamic_batching.emplace();
  if (parts.config.instance_groups.empty()) parts.config.instance_groups.emplace_back();
  for (std::size_t i = 0; i < parts.config.instance_groups.size(); ++i) {
    InstanceGroup& group = parts.config.instance_groups[i];
    if (group.name.empty()) group.name = parts.model + "_" + std::to_string(i);
    if (group.kind != InstanceKind::gpu) group.kind = InstanceKind::cpu;
    if (group.count == 0)
      group.count = parts.config.instance_groups.size() > 1 ? 1 : static_cast<int>(parts.scheduling.slots);
  }
  return parts;
}

SchedulerOptions VersionLoader::scheduling_of(const ModelConfig& config, const Session& session,
                                              std::vector<std::string>& warnings) const {
  SchedulerOptions scheduling;
  const int instances = instance_count(config);
  scheduling.slots = instances > 0 ? static_cast<unsigned>(instances) : workers_.size();
  scheduling.queue.max_queue_size = options_.max_queue_size;
  scheduling.log = options_.log;
  scheduling.max_batch_size = std::max(config.max_batch_size, 1);
  scheduling.batching = config.max_batch_size > 1 && (config.dynamic_batching || options_.default_batching);
  if (scheduling.batching && names_contradict_batching(session)) {
    warnings.emplace_back(
        "requests are not joined into batches: the model names its inputs' and outputs' first dimensions "
        "differently");
    scheduling.batching = false;
  }
  if (!config.dynamic_batching) return scheduling;
  const DynamicBatching& batching = *config.dynamic_batching;
  scheduling.preferred_batch_sizes = batching.preferred_batch_sizes;
  scheduling.max_queue_delay = batching.max_queue_delay;
  scheduling.preserve_ordering = batching.preserve_ordering;
  scheduling.queue.priority_levels = static_cast<unsigned>(batching.priority_levels);
  scheduling.queue.default_priority_level = static_cast<unsigned>(batching.default_priority_level);
  scheduling.queue.default_policy = batching.default_queue_policy;
  scheduling.queue.policies = batching.queue_policies;
  return scheduling;
}

void VersionLoader::warm_up(ModelVersion& version, const std::filesystem::path& directory) const {
  for (const WarmUp& warm_up : version.config().warm_ups) {
    std::vector<Tensor> tensors;
    std::vector<NamedView> inputs;
    tensors.reserve(warm_up.inputs.size());
    for (const auto& [name, input] : warm_up.inputs) {
      const std::int64_t batch = version.is_batched() ? std::max<std::int64_t>(warm_up.batch_size, 1) : 0;
      inputs.push_back({name, tensors.emplace_back(warm_up_tensor(input, batch, directory)).view()});
    }
    Executed executed;
    try {
      for (std::uint32_t i = 0; i < warm_up.count; ++i) {
        version.executor().run(inputs, Parallelism::whole_machine, {}, executed);
      }
    } catch (const Error& error) {
      throw error.with_context("warm-up \"" + warm_up.name + '"');
    }
  }
}

void VersionLoader::prepare(const LoadedVersion& loaded) const {
  SessionOptions options = loaded.session;
  options.preparation = Preparation::use;
  PreparedModels cache =
      options.cache_directory.empty() ? PreparedModels() : PreparedModels(options.cache_directory);
  cache.warm(runtime_, loaded.file, options);
  Session session = Session::open(runtime_, loaded.file, options);
  if (session.prepared() != PreparedState::used) {
    throw Error(ErrorCode::unavailable, "the prepared model was gone before it was opened");
  }
  loaded.executor->replace({std::move(session), std::nullopt});
}

void VersionLoader::widen(const LoadedVersion& loaded) const {
  SessionExecutor::Sessions sessions = loaded.executor->sessions();
  // Two sessions of a plain model would have its weights twice.
  if (sessions.whole_machine || sessions.one_thread.prepared() != PreparedState::used) return;
  SessionOptions options = loaded.session;
  options.intra_op_threads = base::usable_cores();
  if (options.intra_op_threads < 2) return;
  // Short, and backed off: it shares the cores with the callers and with other models.
  if (!options.spinning) {
    options.config.try_emplace("session.intra_op.spin_duration_us", "1000");
    options.config.try_emplace("session.intra_op.spin_backoff_max", "8");
  }
  options.preparation = Preparation::use;
  Session wide = Session::open(runtime_, loaded.file, options);
  if (wide.prepared() != PreparedState::used) return;
  sessions.whole_machine = std::move(wide);
  loaded.executor->replace(std::move(sessions));
}

}  // namespace onda::serving
