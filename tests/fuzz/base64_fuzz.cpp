#include "protocol/base64.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "onda/error.h"

/// What is decoded is never more than allowed, and comes back, white space apart, from what is encoded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLimit = 4096;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string bytes;
  try {
    bytes = onda::protocol::decode_base64(text, kLimit);
  } catch (const onda::Error&) {
    return 0;
  }
  if (bytes.size() > kLimit) std::abort();
  std::string without_spaces;
  for (const char character : text) {
    if (character != ' ' && (character < '\t' || character > '\r')) without_spaces += character;
  }
  if (onda::protocol::encode_base64(std::as_bytes(std::span(bytes))) != without_spaces) std::abort();
  return 0;
}
