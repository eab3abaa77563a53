#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/decoded_inference.h"
#include "protocol/grpc_wire.h"
#include "serving/shared_memory_regions.h"

namespace onda::protocol {

/// An entry of a map<string, InferParameter>. Of equal keys the last counts.
struct GrpcParameter {
  /// As the fields of InferParameter are numbered.
  enum class Kind { none = 0, boolean = 1, int64 = 2, string = 3, float64 = 4, uint64 = 5 };
  std::string_view key;
  Kind kind = Kind::none;
  std::uint64_t bits = 0;  ///< of all but strings
  std::string_view text;   ///< of strings
};

/// Reads one entry; what does not lie in one slice is gathered in `storage`. Throws invalid_argument.
[[nodiscard]] GrpcParameter read_parameter(Slices slices, const WireExtent& entry, DecodedStorage& storage);

/// The parameters of a request that mean something here.
class GrpcRequestParameters {
 public:
  /// Throws invalid_argument for a key that is reserved.
  void add(const GrpcParameter& parameter);
  /// Checks what was added and writes priority and timeout. Throws invalid_argument for a value of the wrong
  /// type.
  void apply(DecodedInference& to) const;

 private:
  std::optional<GrpcParameter> priority_;
  std::optional<GrpcParameter> timeout_;
  std::optional<GrpcParameter> sequence_id_;
  std::optional<GrpcParameter> sequence_start_;
  std::optional<GrpcParameter> sequence_end_;
  std::optional<GrpcParameter> empty_final_response_;
};

/// The parameters of an input or output that mean something here.
class GrpcTensorParameters {
 public:
  void add(const GrpcParameter& parameter);
  /// Where it is in shared memory; empty where it is not. `kind` ("input", "output") and `name` are for
  /// messages. Throws invalid_argument, and what `regions` throws.
  [[nodiscard]] std::optional<RegionPart> region(const serving::SharedMemoryRegions& regions,
                                                 std::string_view kind, std::string_view name) const;
  /// How many classes an output is wanted as; 0: it is wanted itself. Throws invalid_argument.
  [[nodiscard]] std::uint32_t classification(std::string_view name) const;

 private:
  std::optional<GrpcParameter> region_;
  std::optional<GrpcParameter> offset_;
  std::optional<GrpcParameter> byte_size_;
  std::optional<GrpcParameter> classification_;
};

}  // namespace onda::protocol
