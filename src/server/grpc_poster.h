#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <mutex>

#include "server/grpc_event.h"

namespace onda::server {

/// Work for a completion queue's thread. Whoever posts it keeps it alive until `run` was called.
class GrpcPosted {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~GrpcPosted() = default;

 private:
  friend class GrpcPoster;  // NOLINT(cppcoreguidelines-virtual-class-destructor): final, below
  GrpcPosted* next_ = nullptr;
};

/// Hands work from any thread to the completion queue's. Shared by those who post: one may still be within
/// `post` when what it has posted was run, and all else is gone.
class GrpcPoster final : private GrpcTag {
 public:
  explicit GrpcPoster(grpc::CompletionQueue& queue) noexcept : queue_(queue) {}
  GrpcPoster(const GrpcPoster&) = delete;
  GrpcPoster& operator=(const GrpcPoster&) = delete;
  ~GrpcPoster() = default;

  /// Run in the order posted. The queue must not be shut down before.
  void post(GrpcPosted& work) noexcept;

 private:
  void on_event(bool ok) noexcept override;

  grpc::CompletionQueue& queue_;
  std::mutex mutex_;
  // Guarded by mutex_.
  grpc::Alarm alarm_;
  GrpcPosted* first_ = nullptr;
  GrpcPosted* last_ = nullptr;
};

}  // namespace onda::server
