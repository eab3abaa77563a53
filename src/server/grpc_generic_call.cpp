#include "server/grpc_generic_call.h"

#include <exception>
#include <utility>

#include "protocol/grpc_method.h"
#include "server/grpc_peer.h"

namespace onda::server {

void GrpcGenericCall::wait() {
  context_.AsyncNotifyWhenDone(tag(done_));
  auto& queue = calls_.parts().queue;
  calls_.parts().generic_service.RequestCall(&context_, &stream_, &queue, &queue, tag(arrived_));
}

template <class Call>
void GrpcGenericCall::tell_handler(Call call) noexcept {
  if (handler_ == nullptr) return;
  try {
    call(*handler_);
  } catch (...) {
    finish(status_of_current_exception());
  }
}

void GrpcGenericCall::on_arrived(bool ok) noexcept {
  if (!ok) {
    // The server ends; nothing else will be told.
    is_finished_ = is_sent_ = is_done_ = true;
    return end_if_over();
  }
  calls_.wait_for_generic_call();
  try {
    handler_ = make_grpc_handler(*this);
  } catch (...) {
    return finish(status_of_current_exception());
  }
  if (handler_ == nullptr) return finish({grpc::StatusCode::UNIMPLEMENTED, "there is no such method"});
  tell_handler([](Handler& handler) { handler.begin(); });
}

void GrpcGenericCall::on_tick() noexcept {
  if (is_finished_) return;
  tell_handler([](Handler& handler) { handler.on_tick(); });
}

bool GrpcGenericCall::is_trusted() const {
  return calls_.services().allow_remote_admin || is_local_grpc_peer(context_.peer());
}

void GrpcGenericCall::read() noexcept {
  is_reading_ = true;
  stream_.Read(&message_, tag(read_));
}

void GrpcGenericCall::on_read(bool ok) noexcept {
  is_reading_ = false;
  if (!is_finished_) tell_handler([&](Handler& handler) { handler.on_message(ok, message_); });
  end_if_over();
}

void GrpcGenericCall::write(const grpc::ByteBuffer& message) noexcept {
  is_writing_ = true;
  stream_.Write(message, tag(written_));
}

void GrpcGenericCall::on_written(bool ok) noexcept {
  is_writing_ = false;
  tell_handler([ok](Handler& handler) { handler.on_written(ok); });
  end_if_over();
}

void GrpcGenericCall::write_and_finish(const grpc::ByteBuffer& message) noexcept {
  is_finished_ = true;
  stream_.WriteAndFinish(message, grpc::WriteOptions(), grpc::Status::OK, tag(sent_));
}

void GrpcGenericCall::finish(const grpc::Status& status) noexcept {
  if (is_finished_) return;
  is_finished_ = true;
  stream_.Finish(status, tag(sent_));
}

void GrpcGenericCall::on_sent(bool) noexcept {
  is_sent_ = true;
  end_if_over();
}

void GrpcGenericCall::on_done(bool) noexcept {
  is_done_ = true;
  if (!is_finished_ && context_.IsCancelled()) {
    tell_handler([](Handler& handler) { handler.on_cancelled(); });
  }
  end_if_over();
}

void GrpcGenericCall::end_if_over() noexcept {
  if (!is_sent_ || !is_done_ || is_reading_ || is_writing_) return;
  if (handler_ != nullptr && !handler_->is_over()) return;
  calls_.give_back(*this);
}

}  // namespace onda::server
