#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "protocol/rest_api.h"
#include "server/http_options.h"
#include "serving/inflight_bytes.h"
#include "serving/services.h"
#include "serving/worker_pool.h"
#include "telemetry/counter.h"

namespace onda::server {

class ConnectionThread;

/// How many connections there are, so that a shutdown can wait for the last. Safe from any thread.
class ConnectionCount {
 public:
  void add() noexcept { open_.fetch_add(1, std::memory_order_relaxed); }
  void remove() noexcept;
  [[nodiscard]] std::size_t open() const noexcept { return open_.load(std::memory_order_relaxed); }
  /// False where there are some left at `deadline`.
  bool wait_for_none(std::chrono::steady_clock::time_point deadline);
  void wait_for_none();

 private:
  std::atomic<std::size_t> open_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// What all connections of a server share. Safe from any thread; it outlives them.
struct ConnectionContext {
  const HttpServerOptions& options;
  const serving::Services& services;
  const protocol::RestApi& api;
  /// For what a client may wait long for, and no other should.
  serving::WorkerPool& administration;
  ConnectionThread& control;
  const std::vector<std::unique_ptr<ConnectionThread>>& io_threads;

  /// Memory that connections keep between large requests.
  serving::InflightBytes kept{std::uint64_t{64} << 20};
  ConnectionCount count{};
  /// Answers are the last of their connections.
  std::atomic<bool> is_draining{false};
  /// Connections end at once.
  std::atomic<bool> is_ending{false};

  telemetry::Counter accepted{};
  telemetry::Counter refused{};
  telemetry::Counter requests{};
  telemetry::Counter timeouts{};
};

}  // namespace onda::server
