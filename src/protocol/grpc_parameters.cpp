#include "protocol/grpc_parameters.h"

#include <algorithm>
#include <limits>
#include <string>

#include "onda/error.h"
#include "protocol/region_part.h"
#include "protocol/tensor_size.h"

namespace onda::protocol {
namespace {

using Kind = GrpcParameter::Kind;
using Type = SlicedField::Type;

constexpr std::string_view kReservedPrefix = "triton_";
constexpr std::string_view kEmptyFinalResponse = "triton_enable_empty_final_response";

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorCode::invalid_argument, what); }

/// "…, expected int64_param."
[[noreturn]] void refuse_type(const GrpcParameter& parameter, std::string_view expected) {
  refuse("invalid value type for '" + std::string(parameter.key) + "' parameter, expected " +
         std::string(expected) + ".");
}

Type type_of(Kind kind) {
  switch (kind) {
    case Kind::string:
      return Type::bytes;
    case Kind::float64:
      return Type::fixed64;
    default:
      return Type::varint;
  }
}

/// Reads an InferParameter over what an earlier one of the same entry left: the last choice counts.
void read_value(Slices slices, const WireExtent& message, GrpcParameter& parameter, DecodedStorage& storage) {
  SlicedReader reader(slices, message);
  while (const auto field = reader.next()) {
    if (field->number > static_cast<std::uint32_t>(Kind::uint64)) continue;
    const Kind kind = static_cast<Kind>(field->number);
    if (field->type != type_of(kind)) continue;
    parameter.kind = kind;
    parameter.bits = kind == Kind::boolean ? static_cast<std::uint64_t>(field->value != 0) : field->value;
    parameter.text =
        kind == Kind::string ? contiguous_text(slices, field->bytes, storage) : std::string_view();
  }
}

void require(const std::optional<GrpcParameter>& parameter, Kind kind, std::string_view expected) {
  if (parameter && parameter->kind != kind) refuse_type(*parameter, expected);
}

/// A number that is not negative.
std::uint64_t natural(const GrpcParameter& parameter) {
  if (parameter.kind == Kind::uint64) return parameter.bits;
  if (parameter.kind != Kind::int64) refuse_type(parameter, "int64_param or uint64_param");
  const auto number = static_cast<std::int64_t>(parameter.bits);
  if (number < 0) {
    refuse("parameter '" + std::string(parameter.key) + "' is " + std::to_string(number) +
           ", expected 0 or more");
  }
  return parameter.bits;
}

}  // namespace

GrpcParameter read_parameter(Slices slices, const WireExtent& entry, DecodedStorage& storage) {
  GrpcParameter parameter;
  SlicedReader reader(slices, entry);
  while (const auto field = reader.next()) {
    if (field->type != Type::bytes) continue;
    if (field->number == 1) parameter.key = contiguous_text(slices, field->bytes, storage);
    if (field->number == 2) read_value(slices, field->bytes, parameter, storage);
  }
  return parameter;
}

void GrpcRequestParameters::add(const GrpcParameter& parameter) {
  const std::string_view key = parameter.key;
  if (key == "priority") {
    priority_ = parameter;
  } else if (key == "timeout") {
    timeout_ = parameter;
  } else if (key == "sequence_id") {
    sequence_id_ = parameter;
  } else if (key == "sequence_start") {
    sequence_start_ = parameter;
  } else if (key == "sequence_end") {
    sequence_end_ = parameter;
  } else if (key == kEmptyFinalResponse) {
    empty_final_response_ = parameter;
  } else if (key.starts_with(kReservedPrefix)) {
    refuse("parameter keys starting with '" + std::string(kReservedPrefix) +
           "' are reserved for Triton usage and should not be specified; found " + quoted_name(key));
  }
}

void GrpcRequestParameters::apply(DecodedInference& to) const {
  require(sequence_start_, Kind::boolean, "bool_param");
  require(sequence_end_, Kind::boolean, "bool_param");
  require(empty_final_response_, Kind::boolean, "bool_param");
  if (sequence_id_ && sequence_id_->kind != Kind::int64 && sequence_id_->kind != Kind::string) {
    refuse_type(*sequence_id_, "int64_param or string_param");
  }
  if (priority_) to.priority = natural(*priority_);
  if (timeout_) to.timeout_us = natural(*timeout_);
}

void GrpcTensorParameters::add(const GrpcParameter& parameter) {
  const std::string_view key = parameter.key;
  if (key == "shared_memory_region") {
    region_ = parameter;
  } else if (key == "shared_memory_offset") {
    offset_ = parameter;
  } else if (key == "shared_memory_byte_size") {
    byte_size_ = parameter;
  } else if (key == "classification") {
    classification_ = parameter;
  }
}

std::optional<RegionPart> GrpcTensorParameters::region(const serving::SharedMemoryRegions& regions,
                                                       std::string_view kind, std::string_view name) const {
  if (!region_) {
    if (!offset_ && !byte_size_) return std::nullopt;
    refuse("'" + std::string((offset_ ? offset_ : byte_size_)->key) +
           "' can not be specified without 'shared_memory_region' parameter for " + std::string(kind) + " " +
           quoted_name(name));
  }
  require(region_, Kind::string, "string_param");
  if (!byte_size_) {
    refuse("'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for " +
           std::string(kind) + " " + quoted_name(name));
  }
  return find_region_part(
      regions,
      {.name = region_->text, .offset = offset_ ? natural(*offset_) : 0, .byte_size = natural(*byte_size_)});
}

std::uint32_t GrpcTensorParameters::classification(std::string_view name) const {
  if (!classification_) return 0;
  const auto& parameter = *classification_;
  if (parameter.kind != Kind::int64 && parameter.kind != Kind::uint64) refuse_type(parameter, "int64_param");
  const bool is_negative = parameter.kind == Kind::int64 && static_cast<std::int64_t>(parameter.bits) < 0;
  if (is_negative || parameter.bits == 0) {
    refuse("invalid value for 'classification' parameter of output " + quoted_name(name) + ", expected >= 1");
  }
  // More classes than there are elements are as good as all.
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(parameter.bits, kMost));
}

}  // namespace onda::protocol
