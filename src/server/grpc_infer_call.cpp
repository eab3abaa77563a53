#include "server/grpc_infer_call.h"

#include <grpc/support/time.h>

#include <new>
#include <utility>

namespace onda::server {

std::optional<std::chrono::steady_clock::time_point> deadline_of(const grpc::ServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  constexpr std::int64_t kYear = std::int64_t{365} * 24 * 60 * 60;
  if (left.tv_sec > kYear) return std::nullopt;
  return std::chrono::steady_clock::now() + std::chrono::seconds(left.tv_sec) +
         std::chrono::nanoseconds(left.tv_nsec);
}

void GrpcInferCall::wait() {
  is_sent_ = false;
  is_done_ = false;
  is_answered_.store(false, std::memory_order_relaxed);
  context_.emplace();
  writer_.emplace(&*context_);
  context_->AsyncNotifyWhenDone(tag(done_));
  const GrpcCalls::Parts& parts = calls_.parts();
  parts.infer_service.request(*context_, message_, *writer_, parts.queue, tag(arrived_));
}

void GrpcInferCall::on_arrived(bool ok) noexcept {
  if (!ok) {
    // The server ends; nothing else will be told.
    is_sent_ = is_done_ = true;
    return end_if_over();
  }
  const auto received = std::chrono::steady_clock::now();
  calls_.wait_for_infer_call();
  try {
    exchange_ = calls_.take_exchange();
  } catch (const std::bad_alloc&) {
    writer_->FinishWithError(status_of_current_exception(), tag(sent_));
    return;
  }
  exchange_->start(message_, {.received = received, .deadline = deadline_of(*context_)}, *this);
}

void GrpcInferCall::on_answer() noexcept {
  const grpc::Status& status = exchange_->status();
  const bool is_ok = status.ok();
  const grpc::ByteBuffer& answer = exchange_->answer();
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>& writer = *writer_;
  // From here on only gRPC touches this call: it may be over, and another one, before Finish returns.
  is_answered_.store(true, std::memory_order_release);
  if (is_ok) {
    writer.Finish(answer, grpc::Status::OK, tag(sent_));
  } else {
    writer.FinishWithError(status, tag(sent_));
  }
}

void GrpcInferCall::on_sent(bool) noexcept {
  is_sent_ = true;
  end_if_over();
}

void GrpcInferCall::on_done(bool) noexcept {
  is_done_ = true;
  if (!is_sent_ && exchange_ != nullptr && context_->IsCancelled()) exchange_->abandon();
  end_if_over();
}

void GrpcInferCall::end_if_over() noexcept {
  if (!is_sent_ || !is_done_) return;
  static_cast<void>(is_answered_.load(std::memory_order_acquire));
  writer_.reset();
  context_.reset();
  message_.Clear();
  if (exchange_ != nullptr) calls_.give_back(std::move(exchange_));
  calls_.give_back(*this);
}

}  // namespace onda::server
