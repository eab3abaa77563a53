#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/rest_api.h"

namespace onda::server {

/// An answer as it is sent: borrowed from whoever made it.
struct HttpAnswer {
  int status = 200;
  std::string_view content_type = "application/json";
  /// Empty for none.
  std::string_view content_encoding = {};
  /// For `Inference-Header-Content-Length`.
  std::optional<std::size_t> json_bytes = {};
  std::span<const std::pair<std::string_view, std::string>> headers = {};
  /// The body is `head` with `parts` behind it.
  std::string_view head = {};
  std::span<const std::span<const std::byte>> parts = {};

  [[nodiscard]] std::size_t body_bytes() const noexcept;
};

[[nodiscard]] HttpAnswer answer_of(const protocol::RestResponse& response) noexcept;

/// What a status line says of the connection.
struct ConnectionFate {
  bool keeps_alive = true;
  bool is_http_1_0 = false;
};

/// Status line and header fields with the empty line behind them; `out` keeps its memory.
void write_answer_head(const HttpAnswer& answer, ConnectionFate fate, std::string& out);

}  // namespace onda::server
