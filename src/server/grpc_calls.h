#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>

#include <chrono>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "server/grpc_exchange.h"
#include "server/grpc_method_service.h"
#include "server/grpc_poster.h"
#include "server/grpc_slow_threads.h"
#include "serving/services.h"

namespace onda::server {

class GrpcInferCall;  // NOLINT(cppcoreguidelines-virtual-class-destructor): final where it is defined
class GrpcGenericCall;

/// All calls of a server, and what they share. Used on the completion queue's thread alone.
class GrpcCalls {
 public:
  /// All that is given outlives it.
  struct Parts {
    const serving::Services& services;
    grpc::ServerCompletionQueue& queue;
    GrpcMethodService& infer_service;
    grpc::AsyncGenericService& generic_service;
    GrpcSlowThreads& slow_threads;
    std::shared_ptr<GrpcPoster> poster;
  };
  explicit GrpcCalls(Parts parts) noexcept;
  GrpcCalls(const GrpcCalls&) = delete;
  GrpcCalls& operator=(const GrpcCalls&) = delete;
  ~GrpcCalls();

  [[nodiscard]] const serving::Services& services() const noexcept { return parts_.services; }
  [[nodiscard]] const Parts& parts() const noexcept { return parts_; }

  /// Waits for calls of all methods; before the queue's thread runs.
  void begin();
  /// The server ends: waits for no more calls.
  void end() noexcept { is_ending_ = true; }
  [[nodiscard]] bool is_ending() const noexcept { return is_ending_; }
  /// No call is left, not even one that waits: the queue will be asked for nothing more.
  [[nodiscard]] bool are_over() const noexcept {
    return generic_calls_.empty() && idle_infer_calls_.size() == infer_calls_.size();
  }
  /// About every quarter of a second, and at once after `end`.
  void on_tick() noexcept;

  /// One that waited has got a call.
  void wait_for_infer_call() noexcept;
  void wait_for_generic_call() noexcept;
  /// It is over.
  void give_back(GrpcInferCall& call) noexcept;
  void give_back(GrpcGenericCall& call) noexcept;

  /// Memory for an inference, that of the last one first.
  [[nodiscard]] std::unique_ptr<GrpcExchange> take_exchange();
  void give_back(std::unique_ptr<GrpcExchange> exchange) noexcept;

 private:
  const Parts parts_;
  bool is_ending_ = false;
  std::vector<std::unique_ptr<GrpcInferCall>> infer_calls_;  // all of them
  std::vector<GrpcInferCall*> idle_infer_calls_;
  std::vector<std::unique_ptr<GrpcExchange>> exchanges_;  // that are not in use
  std::unordered_set<GrpcGenericCall*> generic_calls_;    // all of them, owned
};

}  // namespace onda::server
