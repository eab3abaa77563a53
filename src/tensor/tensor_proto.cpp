#include "tensor/tensor_proto.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include "base/protobuf_wire.h"
#include "base/quoted.h"
#include "onda/error.h"

namespace onda::tensor {
namespace {

using base::WireField;
using base::WireReader;
using Bytes = std::span<const std::byte>;

// Field numbers of TensorProto.
enum : std::uint32_t {
  kDims = 1,
  kDataType = 2,
  kSegment = 3,
  kFloatData = 4,
  kInt32Data = 5,
  kStringData = 6,
  kInt64Data = 7,
  kName = 8,
  kRawData = 9,
  kDoubleData = 10,
  kUint64Data = 11,
  kExternalData = 13,
  kDataLocation = 14,
};
constexpr std::uint64_t kExternal = 1;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::data_loss, "not a valid TensorProto: " + what);
}

[[noreturn]] void refuse_type_of(const WireField& field) {
  refuse("field " + std::to_string(field.number) + " has the wrong type");
}

void require(const WireField& field, WireField::Type type) {
  if (field.type != type) refuse_type_of(field);
}

// How many numbers end within packed varints.
std::size_t count_varints(Bytes packed) {
  return static_cast<std::size_t>(
      std::ranges::count_if(packed, [](std::byte byte) { return std::to_integer<unsigned>(byte) < 0x80; }));
}

std::uint64_t take_varint(Bytes& packed) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    if (i == packed.size()) refuse("it ends within a number");
    const auto byte = std::to_integer<std::uint64_t>(packed[i]);
    value |= (byte & 0x7FU) << (7 * i);
    if (byte < 0x80) {
      packed = packed.subspan(i + 1);
      return value;
    }
  }
  refuse("a number has more than ten bytes");
}

// Calls `take` with each number of a repeated varint field, packed or single.
template <class Take>
void for_each_varint(const WireField& field, Take&& take) {
  if (field.type == WireField::Type::varint) return take(field.value);
  require(field, WireField::Type::bytes);
  for (Bytes rest = field.bytes; !rest.empty();) take(take_varint(rest));
}

// What a message says before any element is stored.
struct Outline {
  std::vector<std::int64_t> dims;
  std::optional<std::uint64_t> data_type;
  std::string_view name;
  std::optional<Bytes> raw;
  std::uint32_t data_field = 0;  // which typed field there is; 0 where there is none
  std::size_t values = 0;        // how many numbers or strings it holds
};

// The numbers in one occurrence of a field whose values take `width` bytes each when packed; 0: varints.
std::size_t values_in(const WireField& field, std::size_t width) {
  if (field.type == WireField::Type::bytes) {
    if (width == 0) return count_varints(field.bytes);
    if (field.bytes.size() % width != 0) refuse("packed numbers are cut short");
    return field.bytes.size() / width;
  }
  require(field, width == 0 ? WireField::Type::varint
                            : (width == 4 ? WireField::Type::fixed32 : WireField::Type::fixed64));
  return 1;
}

void add_values(Outline& outline, const WireField& field) {
  if (outline.data_field != 0 && outline.data_field != field.number) {
    refuse("it has data in the fields " + std::to_string(outline.data_field) + " and " +
           std::to_string(field.number));
  }
  outline.data_field = field.number;
  if (field.number == kStringData) {
    require(field, WireField::Type::bytes);
    ++outline.values;
  } else {
    const std::size_t width = field.number == kFloatData ? 4 : (field.number == kDoubleData ? 8 : 0);
    outline.values += values_in(field, width);
  }
}

void add_dims(Outline& outline, const WireField& field) {
  for_each_varint(field, [&](std::uint64_t dim) {
    if (outline.dims.size() == Shape::kMaxRank) {
      refuse("it has more than " + std::to_string(Shape::kMaxRank) + " dimensions");
    }
    outline.dims.push_back(static_cast<std::int64_t>(dim));
  });
}

void add_field(Outline& outline, const WireField& field) {
  switch (field.number) {
    case kDims:
      return add_dims(outline, field);
    case kDataType:
      require(field, WireField::Type::varint);
      outline.data_type = field.value;
      return;
    case kName:
      require(field, WireField::Type::bytes);
      outline.name = field.text();
      return;
    case kRawData:
      require(field, WireField::Type::bytes);
      outline.raw = field.bytes;
      return;
    case kFloatData:
    case kInt32Data:
    case kStringData:
    case kInt64Data:
    case kDoubleData:
    case kUint64Data:
      return add_values(outline, field);
    case kSegment:
      throw Error(ErrorCode::unimplemented,
                  "a TensorProto in segments, or a sequence or optional value; only whole tensors are read");
    case kExternalData:
      throw Error(ErrorCode::unimplemented, "a TensorProto whose data lie in another file; store them in it");
    case kDataLocation:
      require(field, WireField::Type::varint);
      if (field.value != kExternal) return;
      throw Error(ErrorCode::unimplemented, "a TensorProto whose data lie in another file; store them in it");
    default:
      // As every reader of protocol buffers does: fields of a later version are passed over.
      return;
  }
}

Outline outline_of(Bytes message) {
  Outline outline;
  WireReader reader(message);
  while (const auto field = reader.next()) add_field(outline, *field);
  if (outline.raw && outline.data_field != 0) {
    refuse("it has raw data and data in field " + std::to_string(outline.data_field));
  }
  return outline;
}

DType dtype_of_message(const Outline& outline) {
  if (!outline.data_type) refuse("it has no data type");
  const auto number = static_cast<std::int64_t>(*outline.data_type);
  const auto dtype = dtype_from_onnx(number);
  if (!dtype) {
    throw Error(ErrorCode::unimplemented, "a TensorProto of the data type " + std::to_string(number) +
                                              "; 1 to " + std::to_string(all_dtypes().size()) + " are known");
  }
  if (*dtype == DType::undefined) refuse("its data type is undefined");
  return *dtype;
}

// The field in which ONNX stores a dtype's numbers.
std::uint32_t field_for(DType dtype) {
  switch (dtype) {
    case DType::float32:
    case DType::complex64:
      return kFloatData;
    case DType::float64:
    case DType::complex128:
      return kDoubleData;
    case DType::int64:
      return kInt64Data;
    case DType::uint32:
    case DType::uint64:
      return kUint64Data;
    case DType::string:
      return kStringData;
    default:
      return kInt32Data;
  }
}

// A complex number is two values; packed elements share one, which holds a byte.
std::size_t values_needed(DType dtype, std::size_t elements) {
  if (dtype == DType::string) return elements;
  if (dtype == DType::complex64 || dtype == DType::complex128)
    return byte_size(dtype, elements) / (bits(dtype) / 16);
  return bits(dtype) < 8 ? byte_size(dtype, elements) : elements;
}

void require_data(const Outline& outline, DType dtype, const Shape& shape) {
  const std::size_t elements = shape.element_count();
  const std::string what = std::string(to_string(dtype)) + " " + to_string(shape);
  if (outline.raw) {
    if (dtype == DType::string) refuse("strings cannot be raw data");
    const std::size_t needed = byte_size(dtype, elements);
    if (outline.raw->size() == needed) return;
    refuse(what + " needs " + std::to_string(needed) + " bytes, it has " +
           std::to_string(outline.raw->size()));
  }
  const std::size_t needed = values_needed(dtype, elements);
  if (outline.values != needed) {
    refuse(what + " needs " + std::to_string(needed) + " values, it has " + std::to_string(outline.values));
  }
  if (outline.values != 0 && outline.data_field != field_for(dtype)) {
    refuse("values of " + std::string(to_string(dtype)) + " in field " + std::to_string(outline.data_field) +
           ", expected field " + std::to_string(field_for(dtype)));
  }
}

bool is_signed_integer(DType dtype) {
  return dtype == DType::int8 || dtype == DType::int16 || dtype == DType::int32 || dtype == DType::int64;
}

// Refuses a number that the dtype's `width` bytes would cut.
void require_range(std::uint64_t value, DType dtype, std::size_t width) {
  if (width == 8) return;
  const std::uint64_t limit = std::uint64_t{1} << (8 * width);
  // int32 values come sign-extended to 64 bits.
  const bool fits = is_signed_integer(dtype) ? value + limit / 2 < limit : value < limit;
  if (fits) return;
  refuse("the value " + std::to_string(static_cast<std::int64_t>(value)) + " does not fit " +
         std::string(to_string(dtype)));
}

void store_varints(const WireField& field, DType dtype, std::span<std::byte>& to) {
  const std::size_t width = std::max<std::size_t>(bits(dtype), 8) / 8;
  for_each_varint(field, [&](std::uint64_t value) {
    if (dtype == DType::boolean) value = value != 0 ? 1 : 0;
    require_range(value, dtype, width);
    std::memcpy(to.data(), &value, width);
    to = to.subspan(width);
  });
}

void store_fixed(const WireField& field, std::span<std::byte>& to) {
  if (field.type == WireField::Type::bytes) {
    if (!field.bytes.empty()) std::memcpy(to.data(), field.bytes.data(), field.bytes.size());
    to = to.subspan(field.bytes.size());
    return;
  }
  const std::size_t width = field.type == WireField::Type::fixed32 ? 4 : 8;
  std::memcpy(to.data(), &field.value, width);
  to = to.subspan(width);
}

// The values of the typed field, whose number is known to fill the tensor.
void store_values(Bytes message, std::uint32_t number, Tensor& tensor) {
  std::span<std::byte> to = tensor.bytes();
  std::size_t next_string = 0;
  WireReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number != number) continue;
    if (number == kStringData) {
      tensor.strings()[next_string++] = field->text();
    } else if (number == kFloatData || number == kDoubleData) {
      store_fixed(*field, to);
    } else {
      store_varints(*field, tensor.dtype(), to);
    }
  }
}

// What a reader of the elements may rely on: booleans are 0 or 1, the bits behind the last packed element 0.
void normalise(Tensor& tensor) {
  const std::span<std::byte> bytes = tensor.bytes();
  if (tensor.dtype() == DType::boolean) {
    for (std::byte& value : bytes) value = std::byte{value != std::byte{0}};
  }
  const std::size_t used_bits = tensor.element_count() * bits(tensor.dtype()) % 8;
  if (bits(tensor.dtype()) < 8 && used_bits != 0) bytes.back() &= std::byte((1U << used_bits) - 1U);
}

class WireWriter {
 public:
  void varint(std::uint32_t number, std::uint64_t value) {
    append_varint(std::uint64_t{number} << 3U);
    append_varint(value);
  }

  void bytes(std::uint32_t number, std::string_view text) {
    append_varint((std::uint64_t{number} << 3U) | static_cast<std::uint64_t>(WireField::Type::bytes));
    append_varint(text.size());
    const auto from = std::as_bytes(std::span(text));
    message_.insert(message_.end(), from.begin(), from.end());
  }

  std::vector<std::byte> take() { return std::move(message_); }

 private:
  void append_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) message_.push_back(static_cast<std::byte>(value | 0x80U));
    message_.push_back(static_cast<std::byte>(value));
  }

  std::vector<std::byte> message_;
};

}  // namespace

NamedTensorProto read_tensor_proto(Bytes message, std::shared_ptr<Allocator> allocator) {
  const Outline outline = outline_of(message);
  const DType dtype = dtype_of_message(outline);
  const Shape shape{std::span<const std::int64_t>(outline.dims)};
  require_data(outline, dtype, shape);
  Tensor tensor(dtype, shape, std::move(allocator));
  if (outline.raw && !outline.raw->empty()) {
    std::memcpy(tensor.bytes().data(), outline.raw->data(), outline.raw->size());
  } else if (outline.data_field != 0) {
    store_values(message, outline.data_field, tensor);
  }
  if (dtype != DType::string) normalise(tensor);
  return {std::string(outline.name), std::move(tensor)};
}

std::vector<std::byte> write_tensor_proto(const TensorView& view, std::string_view name) {
  if (view.dtype() == DType::undefined)
    throw Error(ErrorCode::invalid_argument, "an empty tensor cannot be written");
  WireWriter writer;
  for (const std::int64_t dim : view.shape().dims()) writer.varint(kDims, static_cast<std::uint64_t>(dim));
  writer.varint(kDataType, static_cast<std::uint64_t>(view.dtype()));
  for (const std::string& text : view.strings()) writer.bytes(kStringData, text);
  if (!name.empty()) writer.bytes(kName, name);
  if (view.dtype() != DType::string) {
    writer.bytes(kRawData, {reinterpret_cast<const char*>(view.bytes().data()), view.bytes().size()});
  }
  return writer.take();
}

}  // namespace onda::tensor
