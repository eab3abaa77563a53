#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/decoded_inference.h"

namespace onda::protocol {

/// A message as gRPC hands it over: its bytes, in pieces of any size, borrowed.
using Slices = std::span<const std::span<const std::byte>>;

/// Where the bytes of a field are.
struct WireExtent {
  std::size_t slice = 0;   ///< the one that they begin in
  std::size_t offset = 0;  ///< within that slice
  std::size_t size = 0;    ///< they may go on in those behind it
};

/// One field of a message.
struct SlicedField {
  enum class Type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  std::uint32_t number = 0;
  Type type = Type::varint;
  std::uint64_t value = 0;  ///< of varint, fixed64, fixed32
  WireExtent bytes;         ///< of bytes
};

/// Reads the fields of a protocol-buffers message that lies in slices, in order, without allocating.
///
/// Takes and refuses what protobuf's own parser does
/// (https://github.com/protocolbuffers/protobuf/blob/v21.12/src/google/protobuf/parse_context.h), but for
/// groups, which are passed over down to a depth of 64 only. All calls but `at_end` throw invalid_argument
/// for bytes that are no message.
class SlicedReader {
 public:
  explicit SlicedReader(Slices slices) noexcept;
  /// Of one field of type bytes, which `next` or `all` of the same slices gave.
  SlicedReader(Slices slices, const WireExtent& field) noexcept;

  /// The next field; empty at the end. Groups are passed over.
  [[nodiscard]] std::optional<SlicedField> next();

  // The numbers of a packed field.
  [[nodiscard]] bool at_end() noexcept { return at_ == end_ && !advance(); }
  [[nodiscard]] std::uint64_t varint();
  [[nodiscard]] std::uint32_t fixed32();
  [[nodiscard]] std::uint64_t fixed64();
  /// Copies `into.size()` bytes.
  void copy(std::span<std::byte> into);

 private:
  struct Tag {
    std::uint32_t number;
    unsigned type;
  };
  /// Whether there was another byte to go to.
  bool advance() noexcept;
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_) + beyond_; }
  std::uint8_t byte();
  void skip(std::size_t count);
  Tag tag();
  std::size_t length();
  std::uint64_t long_varint();
  /// Empty where a group begins or ends.
  std::optional<SlicedField> value(Tag tag);
  void skip_group(std::uint32_t number);

  Slices slices_;
  std::size_t slice_ = 0;
  const std::byte* at_ = nullptr;
  const std::byte* end_ = nullptr;  // of what is read from this slice
  std::size_t beyond_ = 0;          // bytes of the message in the slices behind it
};

/// The bytes of a field: where they are if they lie in one slice, else gathered in `storage`.
[[nodiscard]] std::span<const std::byte> contiguous(Slices slices, const WireExtent& field,
                                                    DecodedStorage& storage);

/// The same for a string. Throws invalid_argument where it is no UTF-8, as protobuf does.
[[nodiscard]] std::string_view contiguous_text(Slices slices, const WireExtent& field,
                                               DecodedStorage& storage);

}  // namespace onda::protocol
