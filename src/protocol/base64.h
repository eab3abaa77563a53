#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace onda::protocol {

/// The bytes of base64 (RFC 4648, the alphabet with + and /). White space is skipped, wherever it stands: a
/// client sends a line feed every 72 characters. All else is strict: padding is needed and stands at the end,
/// the bits behind the last byte are 0. Throws invalid_argument, also for more than `limit` bytes, before
/// they are allocated.
[[nodiscard]] std::string decode_base64(std::string_view text, std::size_t limit);

/// Without line feeds, padded.
[[nodiscard]] std::string encode_base64(std::span<const std::byte> bytes);

}  // namespace onda::protocol
