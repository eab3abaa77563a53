#pragma once

#include <string_view>
#include <vector>

#include "protocol/decoded_inference.h"
#include "protocol/grpc_wire.h"
#include "serving/shared_memory_regions.h"

namespace onda::protocol {

/// Reads a ModelInferRequest without making protobuf's objects of it: tensors stay where they are. Reused
/// from request to request; makes no heap allocation of its own once it has read one of as many tensors.
///
/// Views go into the slices, and into `out.storage` where a tensor or a string lies in several of them.
class GrpcInferReader {
 public:
  /// Inputs, outputs and raw contents that a request may have, each.
  static constexpr std::size_t kMostTensors = 4096;

  /// Finds the parts of the request, and reads what says which model it is for. Clears `out` and sets its id.
  /// The slices and `out` are borrowed until `decode` has returned. Throws invalid_argument for what is no
  /// message.
  void open(Slices slices, DecodedInference& out);

  // As views of `out` are.
  [[nodiscard]] std::string_view model_name() const noexcept { return model_name_; }
  [[nodiscard]] std::string_view model_version() const noexcept { return model_version_; }

  /// Reads the rest. Throws invalid_argument, and what `regions` throws; `out` is then filled in part.
  void decode(const serving::SharedMemoryRegions& regions);

 private:
  void read_input(const WireExtent& message, const serving::SharedMemoryRegions& regions);
  void read_output(const WireExtent& message, const serving::SharedMemoryRegions& regions);
  struct Input;
  [[nodiscard]] Input input_of(const WireExtent& message);
  void add_dimensions(const SlicedField& field, std::string_view input);
  [[nodiscard]] TensorView tensor_of(const Input& input, const serving::SharedMemoryRegions& regions);
  [[nodiscard]] TensorView raw_tensor(const Input& input);
  [[nodiscard]] TensorView shared_tensor(const Input& input, const RegionPart& part);

  Slices slices_;
  DecodedInference* out_ = nullptr;
  std::string_view model_name_;
  std::string_view model_version_;
  std::vector<WireExtent> parameters_;
  std::vector<WireExtent> inputs_;
  std::vector<WireExtent> outputs_;
  std::vector<WireExtent> raw_;
  std::size_t next_raw_ = 0;
  // Of the input that is being read.
  std::vector<WireExtent> contents_;
  std::vector<std::int64_t> dims_;
};

}  // namespace onda::protocol
