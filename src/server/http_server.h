#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "server/http_options.h"
#include "serving/services.h"

namespace onda::server {

/// What the server has done so far.
struct HttpServerStatistics {
  std::uint64_t open_connections = 0;
  std::uint64_t accepted_connections = 0;
  std::uint64_t refused_connections = 0;  ///< there were too many
  std::uint64_t requests = 0;             ///< whose header was read
  std::uint64_t timeouts = 0;             ///< requests that did not arrive in time
};

/// The Open Inference Protocol over HTTP/1.1, and the metrics on a port of their own.
///
/// A control thread takes all connections and answers all but inference: it never runs a model, and answers
/// health and metrics whatever the models do. A connection that asks for inference goes to the I/O thread
/// with the fewest.
class HttpServer {
 public:
  /// Listens and serves from here on. `services` outlives it. Throws what Listener::at_port throws,
  /// resource_exhausted and std::system_error where the system has no descriptors or threads.
  HttpServer(HttpServerOptions options, const serving::Services& services);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Ends connections without waiting, if `drain` has not.
  ~HttpServer();

  /// "127.0.0.1:8000"; "" where there is no such listener.
  [[nodiscard]] const std::string& http_address() const noexcept;
  [[nodiscard]] const std::string& metrics_address() const noexcept;
  [[nodiscard]] HttpServerStatistics statistics() const noexcept;

  /// Takes no connection any more, answers the requests that are there or on their way, and ends. What is not
  /// answered by `deadline` is cancelled. Returns when all is over, which after the deadline takes as long as
  /// the runs need to end. Called once, by one thread.
  void drain(std::chrono::steady_clock::time_point deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onda::server
