#include "serving/complete_config.h"

#include <algorithm>
#include <limits>

#include "base/quoted.h"
#include "onda/error.h"

namespace onda::serving {
namespace {

/// "[-1,3]", as configurations write it.
std::string dims_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    text += (axis == 0 ? "" : ",") + std::to_string(shape[axis]);
  return text + ']';
}

std::string names_of(std::span<const ValueInfo> values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + base::quoted(value.name);
  return text.empty() ? "none" : text;
}

const ValueInfo* find(std::span<const ValueInfo> values, std::string_view name) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.name == name; });
  return found == values.end() ? nullptr : &*found;
}

const TensorConfig* find(const std::vector<TensorConfig>& tensors, std::string_view name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

/// "input" or "output", with the values of the model on that side.
struct Side {
  std::string role;
  std::span<const ValueInfo> values;
};

std::string where(const Side& side, std::string_view name) { return side.role + ' ' + base::quoted(name); }

void require_servable(const Side& side) {
  for (const auto& value : side.values) {
    if (value.kind != ValueKind::tensor) {
      throw Error(ErrorCode::unimplemented, where(side, value.name) + " is a " +
                                                std::string(to_string(value.kind)) +
                                                ": only tensors can be served; export the model without it");
    }
    if (config_name(value.dtype).empty()) {
      throw Error(ErrorCode::unimplemented, where(side, value.name) + " has the dtype " +
                                                std::string(to_string(value.dtype)) +
                                                ", which the protocol has no name for");
    }
  }
}

void require_known_names(const std::vector<TensorConfig>& tensors, const Side& side) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& name = tensors[i].name;
    if (find(side.values, name) == nullptr) {
      throw Error(ErrorCode::invalid_argument, where(side, name) +
                                                   " of the configuration is not in the model, whose " +
                                                   side.role + "s are " + names_of(side.values));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (tensors[j].name == name)
        throw Error(ErrorCode::invalid_argument, where(side, name) + " is configured twice");
    }
  }
}

bool has_dynamic_first_dimension(const ValueInfo& value) {
  return !value.has_shape || (value.shape.rank() > 0 && value.shape[0] == Shape::kDynamic);
}

/// The model's shape as one item of a batch has it.
Shape item_shape(const ValueInfo& value, bool batched) {
  const auto dims = value.shape.dims();
  return Shape(batched && !dims.empty() ? dims.subspan(1) : dims);
}

bool gives_dims(const TensorConfig& tensor) { return tensor.dims.rank() > 0 || tensor.reshape.has_value(); }

/// `[1]` is how other servers show a scalar.
bool is_scalar_as_one(const TensorConfig& tensor, const Shape& item) {
  return !tensor.reshape && item.rank() == 0 && tensor.dims == Shape{1};
}

/// Whether a model that declares `item` takes what looks like `seen`. -1 promises more than a fixed dimension
/// takes.
bool fits(const Shape& seen, const Shape& item) {
  if (seen.rank() != item.rank()) return false;
  for (std::size_t axis = 0; axis < item.rank(); ++axis) {
    if (item[axis] != Shape::kDynamic && item[axis] != seen[axis]) return false;
  }
  return true;
}

bool fits(const TensorConfig& tensor, const ValueInfo& value, bool batched) {
  if (!gives_dims(tensor) || !value.has_shape) return true;
  if (batched && value.shape.rank() == 0) return false;
  const Shape item = item_shape(value, batched);
  return is_scalar_as_one(tensor, item) || fits(tensor.reshape.value_or(tensor.dims), item);
}

bool all_fit(const std::vector<TensorConfig>& tensors, const Side& side, bool batched) {
  return std::all_of(tensors.begin(), tensors.end(), [&](const auto& tensor) {
    return fits(tensor, *find(side.values, tensor.name), batched);
  });
}

/// The products of the fixed dimensions between the variable ones; empty where one overflows.
std::vector<std::int64_t> products(const Shape& shape) {
  std::vector<std::int64_t> result{1};
  for (const auto dim : shape.dims()) {
    if (dim == Shape::kDynamic) {
      result.push_back(1);
    } else if (dim != 0 && result.back() > std::numeric_limits<std::int64_t>::max() / dim) {
      return {};
    } else {
      result.back() *= dim;
    }
  }
  return result;
}

void require_same_elements(const TensorConfig& tensor, const Side& side) {
  if (!tensor.reshape) return;
  const auto outer = products(tensor.dims);
  if (!outer.empty() && outer == products(*tensor.reshape)) return;
  throw Error(ErrorCode::shape_mismatch, where(side, tensor.name) + ": dims " + dims_text(tensor.dims) +
                                             " and reshape " + dims_text(*tensor.reshape) +
                                             " do not hold the same elements in the same order");
}

void require_batch_dimension(const Side& side, int max_batch_size) {
  for (const auto& value : side.values) {
    if (has_dynamic_first_dimension(value)) continue;
    throw Error(ErrorCode::shape_mismatch,
                where(side, value.name) +
                    ": for the model to support batching the shape should have at least 1 "
                    "dimension and the first dimension must be -1; but the model's is " +
                    dims_text(value.shape) + "; max_batch_size is " + std::to_string(max_batch_size) +
                    ", give 0");
  }
}

class Completion {
 public:
  Completion(const ReadConfig& read, const ModelIo& io, const CompletionOptions& options)
      : given_(read.given),
        options_(options),
        inputs_{"input", io.inputs},
        outputs_{"output", io.outputs},
        io_(io) {
    result_.config = read.config;
  }

  CompletedConfig run(std::string_view name) && {
    set_names(name);
    require_servable(inputs_);
    require_servable(outputs_);
    require_known_names(config().inputs, inputs_);
    require_known_names(config().outputs, outputs_);
    set_max_batch_size();
    add_inputs();
    add_outputs();
    for (auto& input : config().inputs) complete(input, inputs_);
    for (auto& output : config().outputs) complete(output, outputs_);
    check_batching();
    for (auto& warm_up : config().warm_ups) check(warm_up);
    return std::move(result_);
  }

 private:
  [[nodiscard]] ModelConfig& config() noexcept { return result_.config; }
  [[nodiscard]] bool batched() noexcept { return config().max_batch_size > 0; }

  void set_names(std::string_view name) {
    if (!config().name.empty() && config().name != name) {
      throw Error(ErrorCode::invalid_argument, "the configuration's name is " + base::quoted(config().name) +
                                                   ", but the model's is " + base::quoted(name) +
                                                   ": leave it out, or make them equal");
    }
    config().name = name;
    if (options_.strict && config().platform.empty() && config().backend.empty())
      refuse_missing("backend or platform");
    config().platform = ModelConfig::kPlatform;
    config().backend = ModelConfig::kBackend;
    if (config().default_model_filename.empty())
      config().default_model_filename = ModelConfig::kModelFilename;
  }

  [[noreturn]] static void refuse_missing(const std::string& what) {
    throw Error(ErrorCode::invalid_argument,
                "the configuration lacks " + what + ", and completing it from the model is switched off");
  }

  /// Dims that were given may speak against batching.
  [[nodiscard]] bool dims_agree_with(bool batching) {
    return all_fit(config().inputs, inputs_, batching) && all_fit(config().outputs, outputs_, batching);
  }

  [[nodiscard]] int derived_max_batch_size() {
    if (options_.strict || options_.default_max_batch_size <= 0 || !is_batchable(io_)) return 0;
    if (!dims_agree_with(true) && dims_agree_with(false)) return 0;
    std::int64_t size = options_.default_max_batch_size;
    if (config().dynamic_batching) {
      for (const auto preferred : config().dynamic_batching->preferred_batch_sizes)
        size = std::max(size, preferred);
    }
    return static_cast<int>(size);
  }

  void set_max_batch_size() {
    if (!given_.max_batch_size) config().max_batch_size = derived_max_batch_size();
    if (!batched()) return;
    require_batch_dimension(inputs_, config().max_batch_size);
    require_batch_dimension(outputs_, config().max_batch_size);
  }

  void add_inputs() {
    for (const auto& value : inputs_.values) {
      if (find(config().inputs, value.name) != nullptr) continue;
      if (options_.strict && !value.optional) refuse_missing(where(inputs_, value.name));
      if (options_.strict) continue;
      config().inputs.push_back({.name = value.name});
    }
  }

  void add_outputs() {
    if (!config().outputs.empty()) return;
    if (options_.strict && !outputs_.values.empty()) refuse_missing("outputs");
    for (const auto& value : outputs_.values) config().outputs.push_back({.name = value.name});
  }

  void complete(TensorConfig& tensor, const Side& side) {
    const ValueInfo& value = *find(side.values, tensor.name);
    complete_dtype(tensor, value, side);
    complete_dims(tensor, value, side);
    if (&side == &outputs_) return;
    if (tensor.optional && !value.optional) {
      throw Error(ErrorCode::invalid_argument,
                  where(side, tensor.name) +
                      " is optional in the configuration, but the model has no default for it");
    }
    tensor.optional = value.optional;
  }

  void complete_dtype(TensorConfig& tensor, const ValueInfo& value, const Side& side) const {
    if (tensor.dtype == DType::undefined) {
      if (options_.strict) refuse_missing("data_type of " + where(side, tensor.name));
      tensor.dtype = value.dtype;
    }
    if (tensor.dtype == value.dtype) return;
    throw Error(ErrorCode::type_mismatch,
                where(side, tensor.name) + ": data_type is " + std::string(config_name(tensor.dtype)) +
                    ", but the model's is " + std::string(config_name(value.dtype)));
  }

  void complete_dims(TensorConfig& tensor, const ValueInfo& value, const Side& side) {
    require_same_elements(tensor, side);
    if (!value.has_shape) {
      tensor.any_shape = !gives_dims(tensor);
      if (tensor.any_shape) tensor.dims = Shape{Shape::kDynamic};
      return;
    }
    const Shape item = item_shape(value, batched());
    if (!gives_dims(tensor)) {
      if (options_.strict && item.rank() > 0) refuse_missing("dims of " + where(side, tensor.name));
      tensor.dims = item;
    } else if (is_scalar_as_one(tensor, item)) {
      tensor.reshape = Shape{};
    } else if (!fits(tensor, value, batched())) {
      throw Error(ErrorCode::shape_mismatch,
                  where(side, tensor.name) + (tensor.reshape ? ": reshape " : ": dims ") +
                      dims_text(tensor.reshape.value_or(tensor.dims)) + " do not fit the model's shape " +
                      to_string(value.shape, value.dimension_names) +
                      (batched() ? ", whose first dimension is the batch (max_batch_size " +
                                       std::to_string(config().max_batch_size) + ")"
                                 : ""));
    }
  }

  void check_batching() {
    if (!config().dynamic_batching) return;
    if (!batched()) {
      result_.warnings.emplace_back("dynamic_batching has no effect: max_batch_size is 0");
      return;
    }
    for (const auto size : config().dynamic_batching->preferred_batch_sizes) {
      if (size <= config().max_batch_size) continue;
      throw Error(ErrorCode::invalid_argument, "dynamic_batching: preferred_batch_size " +
                                                   std::to_string(size) + " is more than max_batch_size, " +
                                                   std::to_string(config().max_batch_size));
    }
  }

  void check(WarmUp& warm_up) {
    const std::string place = "model_warmup " + base::quoted(warm_up.name);
    warm_up.batch_size = std::max<std::uint32_t>(warm_up.batch_size, 1);
    const auto most = static_cast<std::uint32_t>(std::max(config().max_batch_size, 1));
    if (warm_up.batch_size > most) {
      throw Error(ErrorCode::invalid_argument, place + ": batch_size " + std::to_string(warm_up.batch_size) +
                                                   ", expected up to " + std::to_string(most));
    }
    for (const auto& [name, input] : warm_up.inputs) check(name, input, place);
    for (const auto& input : config().inputs) {
      if (input.optional || warm_up.inputs.contains(input.name)) continue;
      throw Error(ErrorCode::invalid_argument, place + " lacks " + where(inputs_, input.name));
    }
  }

  void check(const std::string& name, const WarmUpInput& input, const std::string& place) {
    const TensorConfig* tensor = find(config().inputs, name);
    const std::string prefix = place + ": " + where(inputs_, name);
    if (tensor == nullptr) {
      throw Error(ErrorCode::invalid_argument,
                  prefix + " is not in the model, whose inputs are " + names_of(io_.inputs));
    }
    if (input.dtype != tensor->dtype) {
      throw Error(ErrorCode::type_mismatch,
                  prefix + ": data_type is " + std::string(config_name(input.dtype)) +
                      ", but the model's is " + std::string(config_name(tensor->dtype)));
    }
    if (!tensor->any_shape && !fits(input.dims, tensor->dims)) {
      throw Error(ErrorCode::shape_mismatch,
                  prefix + ": dims " + dims_text(input.dims) + " do not fit " + dims_text(tensor->dims));
    }
  }

  const ConfigParts& given_;
  const CompletionOptions& options_;
  const Side inputs_;
  const Side outputs_;
  const ModelIo& io_;
  CompletedConfig result_;
};

}  // namespace

bool is_batchable(const ModelIo& io) noexcept {
  if (io.inputs.empty() || io.outputs.empty()) return false;
  const auto name_of = [](const ValueInfo& value) -> std::string_view {
    const bool is_dynamic = value.kind == ValueKind::tensor && value.has_shape && value.shape.rank() > 0 &&
                            value.shape[0] == Shape::kDynamic;
    return is_dynamic && !value.dimension_names.empty() ? std::string_view(value.dimension_names[0])
                                                        : std::string_view();
  };
  const std::string_view name = name_of(io.inputs.front());
  const auto has_it = [&](const ValueInfo& value) { return name_of(value) == name; };
  return !name.empty() && std::all_of(io.inputs.begin(), io.inputs.end(), has_it) &&
         std::all_of(io.outputs.begin(), io.outputs.end(), has_it);
}

CompletedConfig complete_config(const ReadConfig& read, std::string_view name, const ModelIo& io,
                                const CompletionOptions& options) {
  return Completion(read, io, options).run(name);
}

}  // namespace onda::serving
