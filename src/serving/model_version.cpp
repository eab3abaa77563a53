#include "serving/model_version.h"

#include <algorithm>
#include <utility>

#include "serving/datatype.h"
#include "telemetry/trace_sampler.h"

namespace onda::serving {
namespace {

const TensorSpec* find_spec(std::span<const TensorSpec> specs, std::string_view name) noexcept {
  const auto found =
      std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

std::string in_quotes(std::string_view name) { return "'" + std::string(name) + "'"; }

/// "[-1,3,224]": the form in which this protocol's clients look for shapes.
std::string dims_text(const Shape& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape.dims()) {
    if (text.size() > 1) text += ',';
    text += std::to_string(size);
  }
  return text + "]";
}

bool fits(const Shape& given, const Shape& declared) noexcept {
  if (given.rank() != declared.rank()) return false;
  for (std::size_t axis = 0; axis < given.rank(); ++axis) {
    if (declared[axis] != Shape::kDynamic && declared[axis] != given[axis]) return false;
  }
  return true;
}

/// FNV-1a over words, for keys that only save comparisons: what shares a batch is compared again.
std::uint64_t mix(std::uint64_t key, std::uint64_t word) noexcept { return (key ^ word) * 0x100000001b3ULL; }

std::vector<TensorReshape> reshapes_of(std::span<const TensorSpec> specs,
                                       std::span<const TensorConfig> configs, bool is_batched) {
  std::vector<TensorReshape> reshapes(specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto config = std::find_if(configs.begin(), configs.end(),
                                     [&](const auto& one) { return one.name == specs[i].name; });
    if (config == configs.end() || !config->reshape) continue;
    reshapes[i] = TensorReshape(config->dims, *config->reshape, is_batched);
  }
  return reshapes;
}

}  // namespace

ModelVersion::ModelVersion(VersionParts parts, WorkerPool& workers, Timing& timing)
    : parts_(std::move(parts)),
      input_reshapes_(reshapes_of(parts_.inputs, parts_.config.inputs, is_batched())),
      number_text_(std::to_string(parts_.number)),
      statistics_(std::make_unique<telemetry::InferenceStatistics>()),
      scheduler_(
          std::make_unique<Scheduler>(parts_.scheduling, *parts_.executor, workers, timing, *statistics_)) {}

ModelVersion::~ModelVersion() = default;

const TensorSpec* ModelVersion::find_input(std::string_view name) const noexcept {
  return find_spec(parts_.inputs, name);
}
const TensorSpec* ModelVersion::find_output(std::string_view name) const noexcept {
  return find_spec(parts_.outputs, name);
}

bool ModelVersion::traces_next() const noexcept {
  return parts_.trace_sampler && parts_.trace_sampler->sample();
}

void ModelVersion::submit(InferenceRequest& request, Caller caller) noexcept {
  try {
    check(request);
  } catch (const Error& error) {
    scheduler_->refuse(request, error);
    return;
  } catch (const std::bad_alloc&) {
    scheduler_->refuse(request,
                       Error(ErrorCode::resource_exhausted, "there is not enough memory for the request"));
    return;
  }
  scheduler_->submit(request, caller);
}

void ModelVersion::check(InferenceRequest& request) const {
  check_inputs(request);
  check_batch(request);
  check_outputs(request);
}

TensorView ModelVersion::fit(InferenceRequest& request, std::size_t index, const TensorView& given) const {
  const TensorSpec& spec = parts_.inputs[index];
  if (given.dtype() != spec.dtype) {
    throw Error(ErrorCode::type_mismatch, "inference input " + in_quotes(spec.name) + " data-type is '" +
                                              std::string(datatype_name(given.dtype())) + "', but model " +
                                              in_quotes(model()) + " expects '" +
                                              std::string(datatype_name(spec.dtype)) + "'");
  }
  if (!spec.has_shape) return given;
  TensorView fitted = given;
  if (!fits(given.shape(), spec.shape)) {
    const auto refuse = [&](const std::string& why) {
      throw Error(ErrorCode::shape_mismatch,
                  "unexpected shape for input " + in_quotes(spec.name) + " for model " + in_quotes(model()) +
                      ". Expected " + dims_text(spec.shape) + ", got " + dims_text(given.shape()) + why);
    };
    // A scalar has one element, and [1] is as good a name for that as [].
    const bool is_scalar = spec.shape.rank() == 0 && given.shape().rank() == 1 && given.shape()[0] == 1;
    if (!is_scalar && parts_.shape_policy == ShapePolicy::strict) refuse("");
    try {
      const auto policy = is_scalar ? ShapePolicy::reshape : parts_.shape_policy;
      const ResolvedShape resolved = resolve_shape(given.shape(), given.element_count(), spec.shape, policy);
      if (resolved.needs_broadcast) {
        request.repeated_.push_back(broadcast_to(given, resolved.shape, parts_.executor->allocator()));
        fitted = request.repeated_.back().view();
      } else if (given.dtype() == DType::string) {
        fitted = TensorView(resolved.shape, given.strings());
      } else {
        fitted = TensorView(given.dtype(), resolved.shape, given.bytes());
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::shape_mismatch) throw;
      refuse(std::string(" (") + error.what() + ")");
    }
  }
  if (!input_reshapes_[index].is_needed()) return fitted;
  const Shape shape = input_reshapes_[index].to_model(fitted.shape());
  if (given.dtype() == DType::string) return {shape, fitted.strings()};
  return {given.dtype(), shape, fitted.bytes()};
}

void ModelVersion::check_inputs(InferenceRequest& request) const {
  request.model_inputs_.clear();
  request.repeated_.clear();
  request.input_bytes_ = 0;
  request.items_ = 1;
  // Views point into them.
  request.repeated_.reserve(parts_.inputs.size());
  std::size_t required = 0;
  for (const TensorSpec& spec : parts_.inputs) required += spec.optional ? 0 : 1;

  std::size_t found = 0;
  bool has_required = true;
  for (std::size_t i = 0; i < parts_.inputs.size(); ++i) {
    const TensorSpec& spec = parts_.inputs[i];
    const NamedView* given = nullptr;
    for (const NamedView& input : request.inputs) {
      if (input.name != spec.name) continue;
      if (given != nullptr) {
        throw Error(ErrorCode::invalid_argument,
                    "input " + in_quotes(spec.name) + " already exists in request");
      }
      given = &input;
    }
    if (given == nullptr) {
      has_required = has_required && spec.optional;
      continue;
    }
    ++found;
    request.model_inputs_.push_back({spec.name, fit(request, i, given->tensor)});
    for (const std::string& text : given->tensor.strings()) request.input_bytes_ += text.size();
    request.input_bytes_ += given->tensor.bytes().size();
  }
  if (found != request.inputs.size()) {
    for (const NamedView& input : request.inputs) {
      if (find_input(input.name) != nullptr) continue;
      throw Error(ErrorCode::invalid_argument,
                  "unexpected inference input " + in_quotes(input.name) + " for model " + in_quotes(model()));
    }
  }
  if (has_required) return;
  std::string missing;
  for (const TensorSpec& spec : parts_.inputs) {
    const bool is_there = std::any_of(request.inputs.begin(), request.inputs.end(),
                                      [&](const NamedView& input) { return input.name == spec.name; });
    if (is_there || spec.optional) continue;
    missing += (missing.empty() ? "" : ", ") + in_quotes(spec.name);
  }
  throw Error(
      ErrorCode::invalid_argument, "expected " + std::to_string(required) + " inputs but got " +
                                       std::to_string(request.inputs.size()) + " inputs for model " +
                                       in_quotes(model()) + ". Got input(s) [" +
                                       [&] {
                                         std::string names;
                                         for (const auto& input : request.inputs) {
                                           names += (names.empty() ? "" : ",") + in_quotes(input.name);
                                         }
                                         return names;
                                       }() +
                                       "], but missing required input(s) [" + missing + "]");
}

void ModelVersion::check_batch(InferenceRequest& request) const {
  std::uint64_t key = 0xcbf29ce484222325ULL;
  bool is_first = true;
  for (const NamedView& input : request.model_inputs_) {
    const Shape& shape = input.tensor.shape();
    std::size_t axis = 0;
    if (is_batched() && shape.rank() > 0) {
      if (!is_first && shape[0] != request.items_) {
        throw Error(ErrorCode::shape_mismatch,
                    "input " + in_quotes(input.name) + " batch size " + std::to_string(shape[0]) +
                        " does not match that of the other inputs, " + std::to_string(request.items_) +
                        ", for " + in_quotes(model()));
      }
      request.items_ = shape[0];
      is_first = false;
      axis = 1;
    }
    // Names are those of the specs: equal names have equal addresses.
    key = mix(key, reinterpret_cast<std::uintptr_t>(input.name.data()));
    for (; axis < shape.rank(); ++axis) key = mix(key, static_cast<std::uint64_t>(shape[axis]));
  }
  request.shape_key_ = key;
  if (!is_batched() || request.items_ <= parts_.config.max_batch_size) return;
  throw Error(ErrorCode::invalid_argument,
              "inference request batch-size must be <= " + std::to_string(parts_.config.max_batch_size) +
                  " for " + in_quotes(model()) + ", got " + std::to_string(request.items_));
}

void ModelVersion::check_outputs(InferenceRequest& request) const {
  request.wanted_.clear();
  for (const std::string_view name : request.outputs) {
    const TensorSpec* const spec = find_output(name);
    if (spec == nullptr) {
      throw Error(ErrorCode::invalid_argument,
                  "unexpected inference output " + in_quotes(name) + " for model " + in_quotes(model()));
    }
    const auto index = static_cast<std::uint32_t>(spec - parts_.outputs.data());
    if (std::find(request.wanted_.begin(), request.wanted_.end(), index) != request.wanted_.end()) {
      throw Error(ErrorCode::invalid_argument, "output " + in_quotes(name) + " already exists in request");
    }
    request.wanted_.push_back(index);
  }
}

}  // namespace onda::serving
