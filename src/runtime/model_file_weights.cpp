#include <algorithm>
#include <iterator>

#include "base/parse_number.h"
#include "base/quoted.h"
#include "onda/dtype.h"
#include "onda/error.h"
#include "runtime/model_file_reader.h"
#include "runtime/onnx_fields.h"
#include "runtime/saturating.h"

namespace onda::runtime {
namespace {

using namespace onnx_fields;

/// Location, offset, length, checksum, and room for what comes.
constexpr std::size_t kMaxExternalEntries = 64;

std::uint64_t bytes_needed(std::int64_t onnx_dtype, std::uint64_t elements) {
  const auto dtype = dtype_from_onnx(onnx_dtype);
  const std::uint64_t bits_each = dtype ? bits(*dtype) : 0;
  // In eights, whose bytes are whole for every type.
  return saturating_add(saturating_multiply(elements / 8, bits_each), (elements % 8 * bits_each + 7) / 8);
}

std::uint64_t number_of(const std::string& text, const std::string& weight, const std::string& key) {
  const auto number = base::parse_number<std::uint64_t>(text);
  if (!number) {
    throw Error(ErrorCode::data_loss, "weight " + base::quoted(weight) + ": the " + key +
                                          " of its external data is " + base::quoted(text) +
                                          ", expected a number of bytes");
  }
  return *number;
}

/// Bytes that a field of data takes in the file, without its tag.
std::uint64_t data_bytes(const base::StreamedField& field) {
  if (field.type == base::WireField::Type::bytes) return field.size;
  return field.type == base::WireField::Type::fixed32 ? 4 : 8;
}

bool holds_data(const base::StreamedField& field) {
  return std::find(std::begin(tensor_proto::data), std::end(tensor_proto::data), field.number) !=
         std::end(tensor_proto::data);
}

}  // namespace

/// What a TensorProto says of itself. Texts are read when it is known whether they are needed.
struct ModelFileReader::Weight {
  std::uint64_t elements = 1;
  std::int64_t onnx_dtype = 0;
  std::uint64_t inline_bytes = 0;
  bool is_external = false;
  Field name;
  std::vector<Field> external_entries;

  void add_dimension(std::uint64_t size) {
    const bool is_negative = static_cast<std::int64_t>(size) < 0;
    elements = saturating_multiply(elements, is_negative ? 0 : size);
  }
};

void ModelFileReader::weight(const Field& tensor, Role role) {
  Weight found;
  each(tensor, [&](const Field& part) {
    if (is(part, tensor_proto::dim)) found.add_dimension(part.value);
    if (is(part, tensor_proto::dims)) packed_dimensions(part, found);
    // An int32 is written in 64 bits; readers keep the lower half.
    if (is(part, tensor_proto::data_type)) found.onnx_dtype = static_cast<std::int32_t>(part.value);
    if (is(part, tensor_proto::data_location)) found.is_external = part.value == tensor_proto::kExternal;
    if (is(part, tensor_proto::name)) found.name = part;
    if (is(part, tensor_proto::external_data)) {
      if (found.external_entries.size() == kMaxExternalEntries) {
        throw Error(ErrorCode::data_loss, "a weight has more than 64 entries about its external data");
      }
      found.external_entries.push_back(part);
    }
    if (holds_data(part)) found.inline_bytes = saturating_add(found.inline_bytes, data_bytes(part));
  });

  ++result_.weights;
  result_.weight_elements = saturating_add(result_.weight_elements, found.elements);
  if (found.is_external) {
    external_weight(found);
  } else {
    result_.inline_weight_bytes = saturating_add(result_.inline_weight_bytes, found.inline_bytes);
  }
  if (role == Role::initializer) {
    charge(64);
    initializers_.insert(text(found.name));
  }
  stream_.leave(tensor);
}

void ModelFileReader::packed_dimensions(const Field& field, Weight& weight) {
  const Nested nested(depth_);
  stream_.enter(field);
  while (const auto size = stream_.next_varint(field)) weight.add_dimension(*size);
}

void ModelFileReader::external_weight(const Weight& weight) {
  charge(sizeof(ExternalTensor));
  ExternalTensor external;
  external.name = text(weight.name);
  std::string offset;
  std::string length;
  for (const Field& field : weight.external_entries) {
    auto [key, content] = entry(field);
    if (key == "location") {
      external.location = std::move(content);
    } else if (key == "offset") {
      offset = std::move(content);
    } else if (key == "length") {
      length = std::move(content);
    } else if (key == "checksum") {
      external.checksum = std::move(content);
    } else if (key.starts_with("prepacked")) {
      charge(sizeof content);
      external.prepacked.push_back(std::move(content));
    }
  }
  if (!offset.empty()) external.offset = number_of(offset, external.name, "offset");
  if (!length.empty()) external.length = number_of(length, external.name, "length");
  result_.external_weight_bytes =
      saturating_add(result_.external_weight_bytes,
                     external.length.value_or(bytes_needed(weight.onnx_dtype, weight.elements)));
  result_.external_tensors.push_back(std::move(external));
}

void ModelFileReader::sparse_weight(const Field& sparse_tensor, Role role) {
  each(sparse_tensor, [&](const Field& part) {
    // The name of the values is that of the whole.
    if (is(part, sparse_proto::values)) weight(part, role);
    if (is(part, sparse_proto::indices)) weight(part, Role::inner);
  });
}

}  // namespace onda::runtime
