#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/protobuf_wire.h"
#include "onda/error.h"

// Every field lies within its message, and nothing but data_loss is thrown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = std::as_bytes(std::span(data, size));
  onda::base::WireReader reader(message);
  try {
    while (const auto field = reader.next()) {
      if (field->number == 0) std::abort();
      if (field->type != onda::base::WireField::Type::bytes || field->bytes.empty()) continue;
      if (field->bytes.data() < message.data() || field->bytes.size() > message.size() ||
          field->bytes.data() + field->bytes.size() > message.data() + message.size()) {
        std::abort();
      }
    }
  } catch (const onda::Error& error) {
    if (error.code() != onda::ErrorCode::data_loss) std::abort();
  }
  return 0;
}
