#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace onda::server {

/// How the end of a request's body is known.
enum class BodyFraming {
  none,  ///< there is no body
  length,
  chunked
};

/// What the server needs of a request's first line and header fields. All text borrows the bytes that were
/// parsed.
struct HttpHead {
  std::string_view method;
  /// The path and query: of a target in absolute form, what follows the authority.
  std::string_view target;
  bool is_http_1_0 = false;
  /// Whether the client wants the connection to stay open.
  bool keeps_alive = true;
  bool expects_continue = false;
  BodyFraming framing = BodyFraming::none;
  /// Of a body whose length was given.
  std::uint64_t content_length = 0;
  std::optional<std::string_view> inference_header_content_length;
  std::string_view content_encoding;
  std::string_view accept_encoding;

  /// The bytes that the views point into have moved.
  void rebase(const char* from, const char* to) noexcept;
};

/// Why a request cannot be read: the connection is answered with that and closed.
struct HttpFault {
  int status = 400;
  std::string_view message;
  friend bool operator==(const HttpFault&, const HttpFault&) = default;
};

/// Whether a request line may begin with this byte.
[[nodiscard]] bool is_token_byte(char byte) noexcept;

/// Reads a head: request line and fields, each with its CR LF, and the empty line that ends it. Strict (RFC
/// 9112): what two readers could understand in two ways is a fault.
[[nodiscard]] std::optional<HttpFault> parse_http_head(std::string_view text, HttpHead& head) noexcept;

}  // namespace onda::server
