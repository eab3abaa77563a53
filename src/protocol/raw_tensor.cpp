#include "protocol/raw_tensor.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "onda/error.h"
#include "protocol/bytes_tensor.h"
#include "protocol/tensor_size.h"

namespace onda::protocol {

void require_booleans(std::span<const std::byte> bytes, const RawTensorOf& of) {
  std::uint64_t seen = 0;
  std::size_t at = 0;
  for (; at + sizeof(seen) <= bytes.size(); at += sizeof(seen)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    seen |= word;
  }
  for (; at < bytes.size(); ++at) seen |= std::to_integer<std::uint64_t>(bytes[at]);
  constexpr std::uint64_t kLowBits = 0x0101010101010101U;
  if ((seen & ~kLowBits) == 0) return;
  throw Error(ErrorCode::invalid_argument, "input " + quoted_name(of.input) + " for model " +
                                               quoted_name(of.model) +
                                               " is BOOL, but holds a byte that is neither 0 nor 1");
}

TensorView read_raw_tensor(std::span<const std::byte> raw, const RawTensorType& type, const RawTensorOf& of,
                           DecodedStorage& storage) {
  const std::size_t count = element_count_of(of.input, type.shape);
  if (type.dtype == DType::string) return {type.shape, split_bytes_tensor(raw, count, of, storage)};
  const std::size_t expected = byte_size_of(of.input, type.dtype, count);
  if (raw.size() != expected) {
    throw Error(ErrorCode::invalid_argument, "input byte size mismatch for input " + quoted_name(of.input) +
                                                 " for model " + quoted_name(of.model) + ". Expected " +
                                                 std::to_string(expected) + ", got " +
                                                 std::to_string(raw.size()));
  }
  if (type.dtype == DType::boolean) require_booleans(raw, of);
  return {type.dtype, type.shape, raw};
}

}  // namespace onda::protocol
