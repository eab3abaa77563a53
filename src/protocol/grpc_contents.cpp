#include "protocol/grpc_contents.h"

#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "onda/error.h"
#include "protocol/tensor_size.h"
#include "serving/datatype.h"

namespace onda::protocol {
namespace {

using Type = SlicedField::Type;

constexpr std::uint32_t kBools = 1;
constexpr std::uint32_t kFloats = 6;
constexpr std::uint32_t kDoubles = 7;
constexpr std::uint32_t kBytes = 8;

/// The field that elements of a type travel in; 0: none.
std::uint32_t field_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return kBools;
    case DType::int8:
    case DType::int16:
    case DType::int32:
      return 2;
    case DType::int64:
      return 3;
    case DType::uint8:
    case DType::uint16:
    case DType::uint32:
      return 4;
    case DType::uint64:
      return 5;
    case DType::float32:
      return kFloats;
    case DType::float64:
      return kDoubles;
    case DType::string:
      return kBytes;
    default:
      return 0;
  }
}

/// How an element of a field is written where it is not packed.
Type type_of(std::uint32_t number) {
  switch (number) {
    case kFloats:
      return Type::fixed32;
    case kDoubles:
      return Type::fixed64;
    case kBytes:
      return Type::bytes;
    default:
      return Type::varint;
  }
}

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorCode::invalid_argument, what); }

std::size_t count_of_fixed(const SlicedField& field, std::size_t bytes) {
  if (field.bytes.size % bytes != 0) {
    refuse("the request is not a valid protocol-buffers message: packed numbers of " +
           std::to_string(field.bytes.size) + " bytes");
  }
  return field.bytes.size / bytes;
}

/// Numbers end with the byte that has no highest bit.
std::size_t count_of_varints(Slices slices, const WireExtent& packed) {
  std::size_t count = 0;
  std::size_t left = packed.size;
  std::size_t offset = packed.offset;
  for (std::size_t slice = packed.slice; left > 0; ++slice) {
    const auto here = slices[slice].subspan(offset).first(std::min(left, slices[slice].size() - offset));
    for (const std::byte byte : here) count += std::to_integer<unsigned>(byte) < 0x80 ? 1 : 0;
    left -= here.size();
    offset = 0;
  }
  return count;
}

/// How many elements a field holds; 0 too for one that is none of the message's.
std::size_t count_in(Slices slices, const SlicedField& field) {
  if (field.number == 0 || field.number > kBytes) return 0;
  const Type one = type_of(field.number);
  if (field.type == one) return 1;
  if (field.type != Type::bytes) return 0;
  if (one == Type::fixed32) return count_of_fixed(field, 4);
  if (one == Type::fixed64) return count_of_fixed(field, 8);
  return count_of_varints(slices, field.bytes);
}

template <class Function>
void for_each_field(Slices slices, std::span<const WireExtent> contents, Function function) {
  for (const WireExtent& message : contents) {
    SlicedReader reader(slices, message);
    while (const auto field = reader.next()) function(*field);
  }
}

/// Counts the elements, all of which must be of field `wanted`.
std::size_t count_elements(Slices slices, std::span<const WireExtent> contents, const ContentsOf& of,
                           std::uint32_t wanted) {
  std::size_t count = 0;
  for_each_field(slices, contents, [&](const SlicedField& field) {
    const std::size_t here = count_in(slices, field);
    if (here > 0 && field.number != wanted) {
      refuse("unexpected explicit tensor data for input tensor " + quoted_name(of.input) + " for model " +
             quoted_name(of.model) + " of type '" + std::string(serving::datatype_name(of.dtype)) +
             "': field " + std::to_string(field.number) + " of its contents is filled" +
             (wanted == 0 ? ", this type has none, send it in raw_input_contents"
                          : ", expected field " + std::to_string(wanted)));
    }
    count += here;
  });
  return count;
}

/// `wide` is what the field's C++ type holds.
template <class Element, class Wide>
Element narrow(Wide wide, const ContentsOf& of) {
  if constexpr (!std::is_same_v<Element, Wide>) {
    if (wide < std::numeric_limits<Element>::min() || wide > std::numeric_limits<Element>::max()) {
      refuse("the number " + std::to_string(wide) + " in the contents of input " + quoted_name(of.input) +
             " for model " + quoted_name(of.model) + " does not fit its type '" +
             std::string(serving::datatype_name(of.dtype)) + "'");
    }
  }
  return static_cast<Element>(wide);
}

/// Writes elements behind one another; `count_elements` has made sure that there is room.
template <class Element>
class Sink {
 public:
  explicit Sink(std::span<std::byte> bytes) noexcept : at_(bytes.data()) {}
  void put(Element element) noexcept {
    std::memcpy(at_, &element, sizeof(element));
    at_ += sizeof(element);
  }

 private:
  std::byte* at_;
};

/// Packed and single numbers of one field. `Wide` is its C++ type in protobuf, which takes a varint's lowest
/// bits.
template <class Element, class Wide>
void decode_varints(Slices slices, std::span<const WireExtent> contents, const ContentsOf& of,
                    std::span<std::byte> into) {
  const std::uint32_t wanted = field_of(of.dtype);
  Sink<Element> sink(into);
  for_each_field(slices, contents, [&](const SlicedField& field) {
    if (field.number != wanted) return;
    if (field.type == Type::varint) {
      sink.put(narrow<Element>(static_cast<Wide>(field.value), of));
    } else if (field.type == Type::bytes) {
      SlicedReader numbers(slices, field.bytes);
      while (!numbers.at_end()) sink.put(narrow<Element>(static_cast<Wide>(numbers.varint()), of));
    }
  });
}

void decode_bools(Slices slices, std::span<const WireExtent> contents, std::span<std::byte> into) {
  Sink<std::uint8_t> sink(into);
  for_each_field(slices, contents, [&](const SlicedField& field) {
    if (field.number != kBools) return;
    if (field.type == Type::varint) {
      sink.put(field.value != 0 ? 1 : 0);
    } else if (field.type == Type::bytes) {
      SlicedReader numbers(slices, field.bytes);
      while (!numbers.at_end()) sink.put(numbers.varint() != 0 ? 1 : 0);
    }
  });
}

/// Elements whose bytes are those on the wire.
void copy_fixed(Slices slices, std::span<const WireExtent> contents, std::uint32_t wanted,
                std::span<std::byte> into) {
  for_each_field(slices, contents, [&](const SlicedField& field) {
    if (field.number != wanted) return;
    if (field.type == Type::bytes) {
      SlicedReader(slices, field.bytes).copy(into.first(field.bytes.size));
      into = into.subspan(field.bytes.size);
    } else if (field.type == type_of(wanted)) {
      const std::size_t size = wanted == kFloats ? 4 : 8;
      std::memcpy(into.data(), &field.value, size);
      into = into.subspan(size);
    }
  });
}

void decode_numbers(Slices slices, std::span<const WireExtent> contents, const ContentsOf& of,
                    std::span<std::byte> into) {
  switch (of.dtype) {
    case DType::boolean:
      return decode_bools(slices, contents, into);
    case DType::int8:
      return decode_varints<std::int8_t, std::int32_t>(slices, contents, of, into);
    case DType::int16:
      return decode_varints<std::int16_t, std::int32_t>(slices, contents, of, into);
    case DType::int32:
      return decode_varints<std::int32_t, std::int32_t>(slices, contents, of, into);
    case DType::int64:
      return decode_varints<std::int64_t, std::int64_t>(slices, contents, of, into);
    case DType::uint8:
      return decode_varints<std::uint8_t, std::uint32_t>(slices, contents, of, into);
    case DType::uint16:
      return decode_varints<std::uint16_t, std::uint32_t>(slices, contents, of, into);
    case DType::uint32:
      return decode_varints<std::uint32_t, std::uint32_t>(slices, contents, of, into);
    case DType::uint64:
      return decode_varints<std::uint64_t, std::uint64_t>(slices, contents, of, into);
    default:
      return copy_fixed(slices, contents, field_of(of.dtype), into);
  }
}

TensorView decode_strings(Slices slices, std::span<const WireExtent> contents, const ContentsOf& of,
                          std::size_t count, DecodedStorage& storage) {
  const std::size_t expected = of.shape.element_count();
  if (count != expected) {
    refuse("expected " + std::to_string(expected) + " string elements for inference input " +
           quoted_name(of.input) + " for model " + quoted_name(of.model) + ", got " + std::to_string(count));
  }
  const auto strings = storage.allocate_strings(count);
  std::size_t at = 0;
  for_each_field(slices, contents, [&](const SlicedField& field) {
    if (field.number != kBytes || field.type != Type::bytes) return;
    std::string& text = strings[at++];
    text.resize(field.bytes.size);
    SlicedReader(slices, field.bytes).copy(std::as_writable_bytes(std::span(text)));
  });
  return TensorView(of.shape, strings);
}

}  // namespace

TensorView decode_contents(Slices slices, std::span<const WireExtent> contents, const ContentsOf& of,
                           DecodedStorage& storage) {
  const std::uint32_t wanted = field_of(of.dtype);
  const std::size_t count = count_elements(slices, contents, of, wanted);
  if (of.dtype == DType::string) return decode_strings(slices, contents, of, count, storage);
  const std::size_t expected = byte_size(of.dtype, of.shape.element_count());
  // A type without a field has no elements here, which is right for a tensor that has none.
  const std::size_t given = byte_size(of.dtype, count);
  if (given != expected) {
    refuse("input byte size mismatch for input " + quoted_name(of.input) + " for model " +
           quoted_name(of.model) + ". Expected " + std::to_string(expected) + ", got " +
           std::to_string(given));
  }
  const auto bytes = storage.allocate(expected);
  decode_numbers(slices, contents, of, bytes);
  return TensorView(of.dtype, of.shape, bytes);
}

}  // namespace onda::protocol
