#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace onda::base {

/// One field of a protocol-buffers message (https://protobuf.dev/programming-guides/encoding/).
struct WireField {
  enum class Type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  std::uint32_t number = 0;
  Type type = Type::varint;
  std::uint64_t value = 0;           ///< of varint, fixed64, fixed32
  std::span<const std::byte> bytes;  ///< of bytes; borrowed from the message

  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Reads the fields of one message held in memory, in order, without allocating. Groups are skipped.
/// The bytes are borrowed.
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> message) noexcept : rest_(message) {}

  /// The next field; empty at the end. Throws data_loss for what is no message: a length past the end, a
  /// varint of more than ten bytes, field number 0, an unknown wire type, groups nested deeper than 64.
  [[nodiscard]] std::optional<WireField> next();

 private:
  std::span<const std::byte> rest_;
};

}  // namespace onda::base
