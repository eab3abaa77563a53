#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace onda::protocol {

/// What a body is compressed with. `deflate` is a zlib stream, as HTTP has it.
enum class ContentEncoding { identity, gzip, deflate };

/// As the header `Content-Encoding` has it.
[[nodiscard]] std::string_view to_string(ContentEncoding encoding) noexcept;

/// Of a request's header `Content-Encoding`; "" is identity. Throws unimplemented for anything else, several
/// encodings included: the answer names those that are known in `Accept-Encoding` (`kAcceptedEncodings`).
[[nodiscard]] ContentEncoding parse_content_encoding(std::string_view header);
inline constexpr std::string_view kAcceptedEncodings = "gzip, deflate";

/// Bytes that were decompressed.
struct InflatedBody {
  /// `kBodyPadding` readable bytes follow the `size` bytes of the body.
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size = 0;

  [[nodiscard]] std::span<const std::byte> span() const noexcept { return {bytes.get(), size}; }
};

/// Decompresses a body. gzip and zlib streams are told apart by their first bytes, whatever the header called
/// them. Takes no more memory than a small multiple of `limit`, and of the larger of the body and what came
/// out of it so far. Throws invalid_argument for a stream that is damaged or cut short, and for more than
/// `limit` bytes.
[[nodiscard]] InflatedBody inflate(std::span<const std::byte> body, std::size_t limit);

/// The encoding for an answer: of gzip, deflate and identity the one that the header `Accept-Encoding` weighs
/// most, of equal ones the one that is listed first. Identity where it is not listed loses to what is. "" is
/// identity.
[[nodiscard]] ContentEncoding choose_response_encoding(std::string_view accept_encoding) noexcept;

/// The pieces, one after the other, compressed quickly. `encoding` is not identity.
[[nodiscard]] std::string deflate(std::span<const std::span<const std::byte>> pieces,
                                  ContentEncoding encoding);

}  // namespace onda::protocol
