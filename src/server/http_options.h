#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

namespace onda::server {

/// What a client may take of the server.
struct HttpLimits {
  /// Of all listeners together; more are answered 503 and closed.
  std::size_t connections = 1024;
  /// JSON, raw tensors, images, and what a compressed body becomes. 400 beyond.
  std::uint64_t json_bytes = std::uint64_t{64} << 20;
  /// JSON and binary tensors together. 413 beyond.
  std::uint64_t body_bytes = std::numeric_limits<std::int32_t>::max();
};

/// How long a client may take. Kept to within a tick.
struct HttpTimeouts {
  using Duration = std::chrono::milliseconds;
  Duration head = std::chrono::seconds(30);   ///< from a request's first byte to the end of its header
  Duration body = std::chrono::seconds(60);   ///< for the next 16 KiB of a body, or what is left of it
  Duration write = std::chrono::seconds(60);  ///< to take the next 16 KiB of an answer
  Duration idle = std::chrono::seconds(120);  ///< between two requests
  Duration linger = std::chrono::seconds(2);  ///< to close a connection after its last answer
  /// A client that has ended its side while it waits is asked whether it is still there.
  Duration half_closed = std::chrono::milliseconds(100);
  /// In a shutdown: for a request that is on its way on a connection without one.
  Duration last_request = std::chrono::milliseconds(250);
  Duration tick = std::chrono::milliseconds(100);
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  /// 0: a free one; nothing: no such listener.
  std::optional<std::uint16_t> http_port = 8000;
  std::string metrics_host = "127.0.0.1";
  std::optional<std::uint16_t> metrics_port = 8002;
  /// Beside the port, or instead of it. Its peers are local.
  std::optional<std::filesystem::path> unix_socket;
  /// Threads that read inference requests, run quick models and write answers.
  unsigned io_threads = 2;
  HttpLimits limits;
  HttpTimeouts timeouts;
};

}  // namespace onda::server
