#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <atomic>
#include <memory>
#include <optional>

#include "server/grpc_calls.h"
#include "server/grpc_event.h"
#include "server/grpc_exchange.h"

namespace onda::server {

/// When a call's client stops waiting for it; empty where it waits for ever.
[[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline_of(
    const grpc::ServerContext& context);

/// One ModelInfer call after the other: waits for it, answers it, is given back.
class GrpcInferCall final : private GrpcExchange::Owner {
 public:
  explicit GrpcInferCall(GrpcCalls& calls) noexcept : calls_(calls) {}
  GrpcInferCall(const GrpcInferCall&) = delete;
  GrpcInferCall& operator=(const GrpcInferCall&) = delete;
  ~GrpcInferCall() = default;

  void wait();

 private:
  void on_arrived(bool ok) noexcept;
  void on_sent(bool ok) noexcept;
  void on_done(bool ok) noexcept;
  void on_answer() noexcept override;
  void end_if_over() noexcept;

  GrpcCalls& calls_;
  GrpcEvent<GrpcInferCall> arrived_{*this, &GrpcInferCall::on_arrived};
  GrpcEvent<GrpcInferCall> sent_{*this, &GrpcInferCall::on_sent};
  GrpcEvent<GrpcInferCall> done_{*this, &GrpcInferCall::on_done};

  // Made anew for each call. Its writer refers to its context.
  std::optional<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>> writer_;
  grpc::ByteBuffer message_;
  std::unique_ptr<GrpcExchange> exchange_;
  bool is_sent_ = false;
  bool is_done_ = false;
  // Set by the thread that answers, before gRPC tells the queue's thread, which looks at the exchange after
  // it.
  std::atomic<bool> is_answered_{false};
};

}  // namespace onda::server
