#include "cli/input_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/files.h"
#include "base/machine.h"
#include "base/quoted.h"
#include "cli/console.h"
#include "cli/interruption.h"
#include "cli/tensor_format.h"
#include "cli/tensor_json.h"
#include "tensor/npy.h"
#include "tensor/tensor_proto.h"

namespace onda::cli {
namespace {

// Larger inputs than this are a mistake more often than a tensor.
constexpr std::uint64_t kLargestInputBytes = std::uint64_t{8} << 30;

/// A device such as /dev/zero never ends. What is read doubles its room, and then becomes a tensor.
std::uint64_t largest_input_bytes() {
  const auto machine = base::inspect_machine();
  std::uint64_t memory = machine.address_space_bytes.value_or(machine.usable_memory_bytes);
  if (machine.usable_memory_bytes != 0) memory = std::min(memory, machine.usable_memory_bytes);
  return memory == 0 ? kLargestInputBytes : std::min(kLargestInputBytes, memory / 4);
}

std::vector<std::byte> read_standard_input(std::uint64_t limit) {
  std::vector<std::byte> bytes;
  std::size_t used = 0;
  constexpr std::size_t kFirst = std::size_t{64} << 10;
  while (true) {
    if (used == bytes.size()) bytes.resize(std::max(kFirst, 2 * used));
    errno = 0;
    const std::size_t read = std::fread(bytes.data() + used, 1, bytes.size() - used, stdin);
    used += read;
    if (std::ferror(stdin) != 0) {
      if (errno != EINTR) throw Error(ErrorCode::data_loss, "standard input: cannot be read");
      if (Interruption::was_requested()) throw Error(ErrorCode::cancelled, "interrupted");
      std::clearerr(stdin);
      continue;
    }
    if (read == 0) break;
    if (used > limit) {
      throw Error(ErrorCode::resource_exhausted,
                  "standard input: more than " + std::to_string(limit) + " bytes");
    }
    // fread would ask again, and the end of a terminal's input would have to be typed twice.
    if (std::feof(stdin) != 0) break;
  }
  bytes.resize(used);
  return bytes;
}

/// Raw elements of the shape that was given, else of as many as there are.
Tensor read_raw(std::span<const std::byte> bytes, const ValueInfo& declared, const InputOptions& options) {
  const DType dtype = options.dtype.value_or(declared.dtype);
  if (!is_fixed_size(dtype) || bits(dtype) < 8) {
    throw Error(ErrorCode::type_mismatch,
                "raw data cannot hold " + std::string(to_string(dtype)) + "; use .npy, .pb or JSON");
  }
  const std::size_t width = bits(dtype) / 8;
  if (bytes.size() % width != 0) {
    throw Error(ErrorCode::shape_mismatch, std::to_string(bytes.size()) + " bytes are no whole number of " +
                                               std::string(to_string(dtype)) + " elements (" +
                                               std::to_string(width) + " bytes each)");
  }
  const Shape flat{static_cast<std::int64_t>(bytes.size() / width)};
  return Tensor::copy_of(TensorView(dtype, flat, bytes));
}

Tensor decode(TensorFormat format, std::span<const std::byte> bytes, const ValueInfo& declared,
              const InputOptions& options) {
  switch (format) {
    case TensorFormat::npy:
      return tensor::read_npy(bytes);
    case TensorFormat::tensor_proto:
      return tensor::read_tensor_proto(bytes).tensor;
    case TensorFormat::json:
      return read_tensor_json(bytes, declared.dtype);
    default:
      return read_raw(bytes, declared, options);
  }
}

LoadedInput load_image_input(std::span<const std::byte> bytes, const ValueInfo& declared,
                             const InputOptions& options) {
  const Preprocess steps = derive_preprocess(options.steps, declared.dtype, declared.shape);
  Tensor tensor = load_image(bytes, steps);
  if (declared.has_shape) {
    // An input of rank 3 takes the image without the dimension of the batch.
    tensor = fit_to_shape(std::move(tensor), declared.shape, ShapePolicy::reshape, declared.dimension_names);
  }
  return {std::move(tensor), steps};
}

Tensor load_elements(TensorFormat format, std::span<const std::byte> bytes, const ValueInfo& declared,
                     const InputOptions& options) {
  Tensor tensor = decode(format, bytes, declared, options);
  if (tensor.dtype() != declared.dtype) {
    throw Error(ErrorCode::type_mismatch, "holds " + std::string(to_string(tensor.dtype())) +
                                              ", the model takes " + std::string(to_string(declared.dtype)));
  }
  const bool is_flat = format == TensorFormat::raw && !options.shape;
  if (options.shape) {
    // Its -1, if it has one, follows from the count; then it must hold exactly what the file holds.
    const auto resolved =
        resolve_shape(*options.shape, tensor.element_count(), *options.shape, ShapePolicy::strict);
    tensor = std::move(tensor).reshaped(resolved.given);
  }
  if (!declared.has_shape) return tensor;
  return fit_to_shape(std::move(tensor), declared.shape, is_flat ? ShapePolicy::reshape : options.policy,
                      declared.dimension_names);
}

}  // namespace

std::vector<std::byte> read_input_bytes(const std::string& file) {
  const std::uint64_t limit = largest_input_bytes();
  return file == "-" ? read_standard_input(limit) : base::read_file(file, limit);
}

LoadedInput load_input(const std::string& file, std::span<const std::byte> bytes, const ValueInfo& declared,
                       const InputOptions& options) {
  try {
    if (declared.kind != ValueKind::tensor) {
      throw Error(ErrorCode::unimplemented, "the model takes a " + std::string(to_string(declared.kind)) +
                                                " there; only tensors can be given");
    }
    const TensorFormat format = detect_format(bytes, file, options.dtype.has_value());
    if (format == TensorFormat::image) return load_image_input(bytes, declared, options);
    return {load_elements(format, bytes, declared, options), std::nullopt};
  } catch (const Error& error) {
    const std::string source = file == "-" ? "standard input" : single_line(file);
    throw error.with_context(source + ", for input " + base::quoted(declared.name));
  }
}

}  // namespace onda::cli
