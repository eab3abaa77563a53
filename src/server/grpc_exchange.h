#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "onda/error.h"
#include "protocol/grpc_encode.h"
#include "protocol/grpc_infer.h"
#include "server/grpc_bytes.h"
#include "serving/inference_request.h"
#include "serving/services.h"
#include "serving/worker_pool.h"

namespace onda::server {

/// gRPC's status for an error, its message bounded.
[[nodiscard]] grpc::Status status_of(const Error& error,
                                     serving::FailureSituation situation = serving::FailureSituation::none);
/// For what threw `std::current_exception()`; any exception, std::bad_alloc included.
[[nodiscard]] grpc::Status status_of_current_exception() noexcept;

/// One inference after the other, from a ModelInferRequest's bytes to those of its answer; memory is kept
/// from one to the next.
///
///   start → (the owner is told) → finish
///
/// `start`, `abandon` and `finish` are called on one thread at a time, the calls' own.
class GrpcExchange final : public serving::InferenceRequest {
 public:
  class Owner {
   public:
    /// The answer is there. Once for each `start`, on any thread, also within `start`. The exchange may be
    /// used anew, or destroyed, as soon as the owner lets it.
    virtual void on_answer() noexcept = 0;

   protected:
    ~Owner() = default;
  };

  struct Call {
    std::chrono::steady_clock::time_point received;
    std::optional<std::chrono::steady_clock::time_point> deadline;
    /// The answer is a message of a stream, and so is an error.
    bool is_streamed = false;
  };

  explicit GrpcExchange(const serving::Services& services) noexcept : services_(services), decoding_(*this) {}

  /// Takes over the message.
  void start(grpc::ByteBuffer& message, const Call& call, Owner& owner) noexcept;
  /// Nobody wants the answer any more. Between `start` and `finish`.
  void abandon() noexcept;

  /// Of an answered one. Not OK only where it is not streamed.
  [[nodiscard]] const grpc::Status& status() const noexcept { return status_; }
  [[nodiscard]] const grpc::ByteBuffer& answer() const noexcept { return answer_; }

  /// The answer was sent, or nobody wants it. Memory of ordinary size is kept.
  void finish() noexcept;

 private:
  /// Decodes on a worker what takes long.
  class Decoding final : public serving::Task {
   public:
    explicit Decoding(GrpcExchange& exchange) noexcept : exchange_(exchange) {}
    void run() noexcept override;

   private:
    GrpcExchange& exchange_;
  };

  void on_complete() noexcept override;

  void decode_and_submit(bool is_on_own_thread) noexcept;
  void decode();
  void encode();
  void fail(const Error& error, serving::FailureSituation situation) noexcept;
  void fail_by_current_exception() noexcept;
  void trace() const noexcept;
  /// An unload waits for the version, and the client may take its time.
  void let_version_go() noexcept;

  const serving::Services& services_;
  Decoding decoding_;
  Owner* owner_ = nullptr;
  Call call_;
  std::uint64_t taken_bytes_ = 0;
  bool is_traced_ = false;

  GrpcMessage message_;
  protocol::GrpcInferReader reader_;
  protocol::DecodedInference decoded_;
  protocol::GrpcAnswer encoded_;
  grpc::Status status_;
  grpc::ByteBuffer answer_;

  /// `abandon` uses the version, while a worker may be about to let it go. Recursive: an abandoned request
  /// completes within `abandon`.
  std::recursive_mutex version_mutex_;
};

}  // namespace onda::server
