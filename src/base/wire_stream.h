#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/protobuf_wire.h"
#include "base/random_access_file.h"

namespace onda::base {

/// Bytes that are looked at in pieces.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// Some of the bytes from `offset` on, at least one; none at the end. They are valid until the next call.
  [[nodiscard]] virtual std::span<const std::byte> piece(std::uint64_t offset) = 0;
};

/// Of memory, which is borrowed.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> piece(std::uint64_t offset) override;

 private:
  std::span<const std::byte> bytes_;
};

/// Of a file, which is borrowed. Holds one piece of some KB.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(const RandomAccessFile& file);
  [[nodiscard]] std::uint64_t size() const noexcept override { return file_.size(); }
  [[nodiscard]] std::span<const std::byte> piece(std::uint64_t offset) override;

 private:
  const RandomAccessFile& file_;
  std::vector<std::byte> buffer_;
};

/// One field of a message that is not held in memory.
struct StreamedField {
  std::uint32_t number = 0;
  WireField::Type type = WireField::Type::varint;
  std::uint64_t value = 0;  ///< of varint, fixed64, fixed32
  std::uint64_t begin = 0;  ///< of bytes: where they are in the source
  std::uint64_t size = 0;   ///< of bytes: how many
};

/// Reads messages of protocol buffers of any size, and of the source only what it is asked for.
class WireStream {
 public:
  /// The source is borrowed.
  explicit WireStream(ByteSource& source) noexcept : source_(source) {}

  /// The whole source as if it were one field.
  [[nodiscard]] StreamedField all() const noexcept;
  /// Goes to the beginning of a field's bytes, which `next` then takes for a message.
  void enter(const StreamedField& message) noexcept { position_ = message.begin; }
  /// The next field of `message`, which was entered; empty at its end. Bytes are passed over: enter them or
  /// read them, or ask for the next. Throws data_loss as `WireReader` does, and where the source has become
  /// shorter.
  [[nodiscard]] std::optional<StreamedField> next(const StreamedField& message);
  /// The next number of packed ones, of a field that was entered; empty at its end. Throws as `next` does.
  [[nodiscard]] std::optional<std::uint64_t> next_varint(const StreamedField& numbers);
  /// Goes behind a message: after something in it was read out of order.
  void leave(const StreamedField& message) noexcept { position_ = message.begin + message.size; }
  /// The bytes of a field of type bytes, into `to`. The next field is the one behind it.
  void read(const StreamedField& field, std::string& to);

 private:
  class Input;
  std::uint8_t byte_at(std::uint64_t position);

  ByteSource& source_;
  std::uint64_t position_ = 0;
  std::span<const std::byte> piece_;
  std::uint64_t piece_begin_ = 0;
};

}  // namespace onda::base
