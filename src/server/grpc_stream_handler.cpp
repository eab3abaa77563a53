#include "server/grpc_stream_handler.h"

#include <algorithm>
#include <utility>

#include "server/grpc_infer_call.h"

namespace onda::server {

void GrpcStreamHandler::Slot::on_answer() noexcept {
  if (std::this_thread::get_id() == handler_.queue_thread_) {
    // Within `start` or `abandon`, whose caller goes on.
    is_answered_ = true;
    return;
  }
  // A copy: as soon as it is posted, all else may be gone.
  const auto poster = handler_.call_.calls().parts().poster;
  poster->post(*this);
}

void GrpcStreamHandler::Slot::run() noexcept {
  is_answered_ = true;
  // Going on destroys the slot.
  GrpcStreamHandler& handler = handler_;
  handler.go_on();
  handler.call_.look_whether_over();
}

void GrpcStreamHandler::begin() {
  is_reading_ = true;
  call_.read();
}

void GrpcStreamHandler::on_message(bool ok, grpc::ByteBuffer& message) {
  is_reading_ = false;
  if (!ok) {
    has_ended_ = true;
  } else if (!is_broken_) {
    Slot& slot = *slots_.emplace_back(std::make_unique<Slot>(*this));
    slot.exchange().start(message,
                          {.received = std::chrono::steady_clock::now(),
                           .deadline = deadline_of(call_.context()),
                           .is_streamed = true},
                          slot);
  }
  go_on();
}

void GrpcStreamHandler::on_written(bool ok) {
  is_writing_ = false;
  slots_.front()->give_back();
  slots_.pop_front();
  if (!ok) is_broken_ = true;
  go_on();
}

void GrpcStreamHandler::on_cancelled() {
  is_broken_ = true;
  go_on();
}

void GrpcStreamHandler::on_tick() {
  if (!call_.calls().is_ending() || !slots_.empty()) return;
  call_.finish({grpc::StatusCode::UNAVAILABLE, "the server is shutting down"});
}

void GrpcStreamHandler::drop_slots() noexcept {
  for (const auto& slot : slots_) {
    if (!slot->is_answered()) slot->exchange().abandon();
  }
  // What is being written is gRPC's until it says so.
  const auto first = slots_.begin() + (is_writing_ ? 1 : 0);
  const auto rest =
      std::stable_partition(first, slots_.end(), [](const auto& slot) { return !slot->is_answered(); });
  for (auto slot = rest; slot != slots_.end(); ++slot) (*slot)->give_back();
  slots_.erase(rest, slots_.end());
}

void GrpcStreamHandler::go_on() noexcept {
  if (is_broken_ || call_.is_finished()) {
    drop_slots();
    if (slots_.empty()) call_.finish(grpc::Status::CANCELLED);
    return;
  }
  if (!is_writing_ && !slots_.empty() && slots_.front()->is_answered()) {
    const GrpcExchange& exchange = slots_.front()->exchange();
    if (!exchange.status().ok()) {
      // Not even the error could be written.
      call_.finish(exchange.status());
      is_broken_ = true;
      return drop_slots();
    }
    is_writing_ = true;
    call_.write(exchange.answer());
  }
  if (!has_ended_ && !is_reading_ && slots_.size() < kMostOutstanding) {
    is_reading_ = true;
    call_.read();
  }
  if (has_ended_ && slots_.empty()) call_.finish(grpc::Status::OK);
}

}  // namespace onda::server
