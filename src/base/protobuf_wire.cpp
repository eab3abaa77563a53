#include "base/protobuf_wire.h"

#include "base/wire_decoding.h"
#include "onda/error.h"

namespace onda::base {

void wire::refuse(const std::string& what) {
  throw Error(ErrorCode::data_loss, "not a valid protocol-buffers message: " + what);
}

namespace {

/// A message in memory.
class SpanInput {
 public:
  explicit SpanInput(std::span<const std::byte> message) noexcept : message_(message) {}
  [[nodiscard]] std::uint64_t left() const noexcept { return message_.size() - at_; }
  [[nodiscard]] std::uint64_t position() const noexcept { return at_; }
  std::uint8_t byte() noexcept { return std::to_integer<std::uint8_t>(message_[at_++]); }
  void skip(std::uint64_t count) noexcept { at_ += static_cast<std::size_t>(count); }

 private:
  std::span<const std::byte> message_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<WireField> WireReader::next() {
  SpanInput input(rest_);
  const auto found = wire::next_field(input);
  WireField field;
  if (found) {
    field.number = found->number;
    field.type = found->type;
    field.value = found->value;
    field.bytes =
        rest_.subspan(static_cast<std::size_t>(found->begin), static_cast<std::size_t>(found->size));
  }
  rest_ = rest_.subspan(static_cast<std::size_t>(input.position()));
  return found ? std::optional(field) : std::nullopt;
}

}  // namespace onda::base
