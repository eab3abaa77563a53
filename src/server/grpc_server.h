#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "onda/log.h"
#include "serving/services.h"

namespace onda::server {

struct GrpcServerOptions {
  /// An address or name of this machine, or "unix:PATH", where the port does not count.
  std::string host = "127.0.0.1";
  std::uint16_t port = 8001;  ///< 0: a free one
  /// What gRPC's buffers may take, beside a share of their own for small messages.
  std::uint64_t max_inflight_bytes = std::uint64_t{1} << 30U;
  /// Calls of one connection at a time; more wait at the client.
  int max_concurrent_streams = 1024;
  /// A connection that resets more streams in a second is cut; those that are open may count as well.
  std::uint64_t max_resets_per_second = 1000;
  /// Told where a connection is cut.
  LogSink log = {};
};

/// The protocol over gRPC.
///
/// One thread reads, answers what is quick, runs models that are quicker than handing them over, and sends;
/// gRPC's transport is slower with more (bench/serve/grpc_echo.cpp). Models run on the services' workers
/// otherwise, loads on threads of their own, made when needed.
class GrpcServer {
 public:
  /// Serves from now on; `services` outlives it. Throws unavailable where the address cannot be listened at.
  GrpcServer(const GrpcServerOptions& options, const serving::Services& services);
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  /// As `shutdown` with no time left.
  ~GrpcServer();

  /// "ADDR:PORT" with the port in use, or "unix:PATH".
  [[nodiscard]] std::string address() const;

  /// Takes no more calls, answers those that there are, and cuts what is left at `deadline`. Returns when no
  /// call is left. Twice is harmless.
  void shutdown(std::chrono::steady_clock::time_point deadline) noexcept;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace onda::server
