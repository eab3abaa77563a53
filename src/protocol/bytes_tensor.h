#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "protocol/decoded_inference.h"
#include "protocol/raw_tensor.h"

namespace onda::protocol {

/// Takes the raw form of a BYTES tensor apart: for each element its length as four bytes, little-endian, and
/// as many bytes. `count` is how many there must be. The strings lie in `storage`. Throws invalid_argument
/// for raw bytes that hold more, fewer or none of a piece; nothing is allocated for a count that they cannot
/// hold.
[[nodiscard]] std::span<std::string> split_bytes_tensor(std::span<const std::byte> raw, std::size_t count,
                                                        const RawTensorOf& of, DecodedStorage& storage);

/// What `join_bytes_tensor` makes of the strings takes as many bytes. Throws resource_exhausted for a string
/// that is longer than its length's four bytes can say.
[[nodiscard]] std::size_t bytes_tensor_size(std::span<const std::string> strings);

/// The raw form. `into` has room for it.
void join_bytes_tensor(std::span<const std::string> strings, std::span<std::byte> into) noexcept;

}  // namespace onda::protocol
