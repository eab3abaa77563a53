#include <string>
#include <string_view>
#include <utility>

#include "onda/error.h"
#include "protocol/grpc_method.h"
#include "protocol/grpc_reflection.h"
#include "server/grpc_bytes.h"
#include "server/grpc_generic_call.h"
#include "server/grpc_stream_handler.h"
#include "serving/inflight_bytes.h"
#include "serving/model_manager.h"

namespace onda::server {
namespace {

using Handler = GrpcGenericCall::Handler;

const grpc::Status& shutting_down() {
  static const grpc::Status status(grpc::StatusCode::UNAVAILABLE, "the server is shutting down");
  return status;
}

/// One request, one answer.
class UnaryHandler final : public Handler {
 public:
  UnaryHandler(GrpcGenericCall& call, const protocol::GrpcMethod& method)
      : call_(call), method_(method), caller_{.is_trusted = call.is_trusted()} {}
  ~UnaryHandler() override { services().inflight.give_back(taken_bytes_); }

  void begin() override { call_.read(); }

  void on_message(bool ok, grpc::ByteBuffer& message) override {
    if (!ok) return call_.finish({grpc::StatusCode::INVALID_ARGUMENT, "the call has no request"});
    take_bytes(message.Length());
    message_.take(message);
    if (!method_.is_slow) {
      answer();
      return send();
    }
    is_running_ = true;
    try {
      call_.calls().parts().slow_threads.post(work_);
    } catch (...) {
      is_running_ = false;
      throw;
    }
  }

  void on_cancelled() override {
    // What runs goes on: there is no half of a load.
    if (!is_running_) call_.finish(grpc::Status::CANCELLED);
  }

  [[nodiscard]] bool is_over() const noexcept override { return !is_running_; }

 private:
  /// Answers on a thread for slow calls.
  class Work final : public serving::Task {
   public:
    explicit Work(UnaryHandler& handler) noexcept : handler_(handler) {}
    void run() noexcept override {
      // A copy: as soon as the sending is posted, all else may be gone.
      const auto poster = handler_.call_.calls().parts().poster;
      handler_.answer();
      poster->post(handler_.sending_);
    }

   private:
    UnaryHandler& handler_;
  };

  /// Sends what it has answered, on the queue's thread.
  class Sending final : public GrpcPosted {
   public:
    explicit Sending(UnaryHandler& handler) noexcept : handler_(handler) {}
    void run() noexcept override {
      GrpcGenericCall& call = handler_.call_;
      handler_.is_running_ = false;
      handler_.send();
      call.look_whether_over();
    }

   private:
    UnaryHandler& handler_;
  };

  [[nodiscard]] const serving::Services& services() const noexcept { return call_.calls().services(); }

  void take_bytes(std::uint64_t bytes) {
    if (!services().inflight.try_take(bytes)) {
      throw Error(
          ErrorCode::resource_exhausted,
          "a request of " + std::to_string(bytes) +
              " bytes does not fit beside those that are being answered (--max-inflight-bytes); try again");
    }
    taken_bytes_ = bytes;
  }

  void answer() noexcept {
    try {
      answer_ = method_.answer(services(), caller_, message_.slices());
    } catch (...) {
      status_ = status_of_current_exception();
    }
  }

  void send() noexcept {
    if (status_.ok()) {
      call_.write_and_finish(buffer_of(answer_));
    } else {
      call_.finish(status_);
    }
  }

  GrpcGenericCall& call_;
  const protocol::GrpcMethod& method_;
  const protocol::GrpcCaller caller_;
  GrpcMessage message_;
  std::uint64_t taken_bytes_ = 0;
  std::string answer_;
  grpc::Status status_;
  Work work_{*this};
  Sending sending_{*this};
  bool is_running_ = false;  // the queue's thread's
};

/// Answers one question after the other.
class ReflectionHandler final : public Handler {
 public:
  explicit ReflectionHandler(GrpcGenericCall& call) noexcept : call_(call) {}
  void begin() override { call_.read(); }
  void on_message(bool ok, grpc::ByteBuffer& message) override {
    if (!ok) return call_.finish(grpc::Status::OK);
    message_.take(message);
    call_.write(buffer_of(protocol::answer_reflection(message_.slices())));
  }
  void on_written(bool ok) override {
    if (call_.is_finished()) return;
    if (!ok) return call_.finish(grpc::Status::CANCELLED);
    call_.read();
  }
  void on_cancelled() override { call_.finish(grpc::Status::CANCELLED); }
  void on_tick() override {
    if (call_.calls().is_ending()) call_.finish(shutting_down());
  }

 private:
  GrpcGenericCall& call_;
  GrpcMessage message_;
};

/// Tells the server's health, and again when it changes.
class WatchHandler final : public Handler {
 public:
  WatchHandler(GrpcGenericCall& call, const protocol::GrpcMethod& check) noexcept
      : call_(call), check_(check) {}
  void begin() override { call_.read(); }
  void on_message(bool ok, grpc::ByteBuffer& message) override {
    if (!ok) return call_.finish({grpc::StatusCode::INVALID_ARGUMENT, "the call has no request"});
    message_.take(message);
    tell();
  }
  void on_written(bool ok) override {
    is_writing_ = false;
    if (!ok) call_.finish(grpc::Status::CANCELLED);
  }
  void on_cancelled() override { call_.finish(grpc::Status::CANCELLED); }
  void on_tick() override {
    if (call_.calls().is_ending()) return call_.finish(shutting_down());
    if (!told_.empty()) tell();
  }

 private:
  void tell() {
    if (is_writing_) return;
    std::string now = check_.answer(call_.calls().services(), {}, message_.slices());
    if (now == told_) return;
    told_ = std::move(now);
    is_writing_ = true;
    call_.write(buffer_of(told_));
  }

  GrpcGenericCall& call_;
  const protocol::GrpcMethod& check_;
  GrpcMessage message_;
  std::string told_;
  bool is_writing_ = false;
};

constexpr std::string_view kHealthCheckPath = "/grpc.health.v1.Health/Check";

}  // namespace

std::unique_ptr<Handler> make_grpc_handler(GrpcGenericCall& call) {
  const std::string_view path = call.context().method();
  if (path == protocol::kModelStreamInferPath) return std::make_unique<GrpcStreamHandler>(call);
  if (path == protocol::kHealthWatchPath) {
    return std::make_unique<WatchHandler>(call, *protocol::find_grpc_method(kHealthCheckPath));
  }
  if (path == protocol::kReflectionPath || path == protocol::kReflectionV1Path) {
    return std::make_unique<ReflectionHandler>(call);
  }
  const protocol::GrpcMethod* const method = protocol::find_grpc_method(path);
  if (method == nullptr) return nullptr;
  return std::make_unique<UnaryHandler>(call, *method);
}

}  // namespace onda::server
