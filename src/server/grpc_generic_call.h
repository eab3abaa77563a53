#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <memory>

#include "server/grpc_calls.h"
#include "server/grpc_event.h"

namespace onda::server {

/// One call of any method but ModelInfer, whose handler is chosen when it is there. Deletes itself (by
/// `GrpcCalls`) when it is over and nothing of it is on its way any more.
class GrpcGenericCall {
 public:
  /// Answers one call. Told on the queue's thread.
  class Handler {
   public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;

    virtual void begin() = 0;
    /// What `read` got; not `ok`: the client sends no more.
    virtual void on_message(bool ok, grpc::ByteBuffer& message) = 0;
    /// `write` is over; not `ok`: the call is broken. Also when the call has been finished meanwhile.
    virtual void on_written(bool /*ok*/) {}
    /// The client has gone, or its deadline has passed: the call must still be finished.
    virtual void on_cancelled() {}
    virtual void on_tick() {}
    /// Whether it needs the call no more once it has been finished.
    [[nodiscard]] virtual bool is_over() const noexcept { return true; }
  };

  explicit GrpcGenericCall(GrpcCalls& calls) noexcept : calls_(calls), stream_(&context_) {}
  GrpcGenericCall(const GrpcGenericCall&) = delete;
  GrpcGenericCall& operator=(const GrpcGenericCall&) = delete;
  ~GrpcGenericCall() = default;

  void wait();
  void on_tick() noexcept;

  // For the handler, on the queue's thread.
  [[nodiscard]] GrpcCalls& calls() const noexcept { return calls_; }
  [[nodiscard]] const grpc::GenericServerContext& context() const noexcept { return context_; }
  [[nodiscard]] bool is_trusted() const;
  [[nodiscard]] bool is_finished() const noexcept { return is_finished_; }
  void read() noexcept;
  /// One at a time.
  void write(const grpc::ByteBuffer& message) noexcept;
  void write_and_finish(const grpc::ByteBuffer& message) noexcept;
  void finish(const grpc::Status& status) noexcept;
  /// The call may be gone after it: what kept the handler from being over is over.
  void look_whether_over() noexcept { end_if_over(); }

 private:
  void on_arrived(bool ok) noexcept;
  void on_read(bool ok) noexcept;
  void on_written(bool ok) noexcept;
  void on_sent(bool ok) noexcept;
  void on_done(bool ok) noexcept;
  void end_if_over() noexcept;
  template <class Call>
  void tell_handler(Call call) noexcept;

  GrpcCalls& calls_;
  GrpcEvent<GrpcGenericCall> arrived_{*this, &GrpcGenericCall::on_arrived};
  GrpcEvent<GrpcGenericCall> read_{*this, &GrpcGenericCall::on_read};
  GrpcEvent<GrpcGenericCall> written_{*this, &GrpcGenericCall::on_written};
  GrpcEvent<GrpcGenericCall> sent_{*this, &GrpcGenericCall::on_sent};
  GrpcEvent<GrpcGenericCall> done_{*this, &GrpcGenericCall::on_done};
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer message_;
  std::unique_ptr<Handler> handler_;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_finished_ = false;  // a status is on its way, or sent
  bool is_sent_ = false;
  bool is_done_ = false;
};

/// The handler for a method; null for one that there is not.
[[nodiscard]] std::unique_ptr<GrpcGenericCall::Handler> make_grpc_handler(GrpcGenericCall& call);

}  // namespace onda::server
