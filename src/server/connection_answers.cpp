#include <exception>
#include <utility>

#include "protocol/metrics_page.h"
#include "protocol/rest_infer.h"
#include "server/connection.h"
#include "server/connection_thread.h"
#include "telemetry/exposition.h"

namespace onda::server {

using protocol::RouteKind;

void Connection::answer_request() {
  keeps_alive_ = reader_.head().keeps_alive;
  if (buffer_.data() != route_base_) {
    route_ = protocol::parse_route(reader_.head().method, reader_.head().target);
    route_base_ = buffer_.data();
  }
  if (service_ == Service::api && protocol::is_inference(route_.kind)) {
    answer_inference();
  } else {
    answer_plainly();
  }
}

void Connection::answer_inference() {
  if (!exchange_) {
    exchange_ =
        std::make_unique<InferenceExchange>(context_.services, context_.options.limits.json_bytes, *this);
  }
  exchange_->begin({.route = route_,
                    .head = reader_.head(),
                    .body = reader_.body(buffer_),
                    .received = EventLoop::Clock::now()});
  if (exchange_->decodes_slowly()) return send_away(Work::decode, context_.services.workers);
  exchange_->decode();
  run_decoded();
}

void Connection::run_decoded() {
  if (exchange_->has_failed()) return send(exchange_->answer());
  state_ = State::away;
  is_submitted_ = true;
  if (exchange_->submit()) complete();
}

void Connection::complete() {
  is_submitted_ = false;
  if (exchange_->encodes_slowly()) return send_away(Work::encode, context_.services.workers);
  exchange_->encode();
  send(exchange_->answer());
}

void Connection::answer_plainly() {
  if (service_ == Service::metrics) return answer_metrics();
  if (!is_unread_ && (route_.kind == RouteKind::load || route_.kind == RouteKind::unload)) {
    return send_away(Work::administer, context_.administration);
  }
  rest_ = context_.api.handle({.route = route_,
                               .body = is_unread_ ? std::span<const std::byte>() : reader_.body(buffer_),
                               .is_local_peer = is_local_peer_});
  send(answer_of(rest_));
}

void Connection::answer_metrics() {
  const HttpHead& head = reader_.head();
  if (head.target.substr(0, head.target.find('?')) != "/metrics") {
    rest_ = {.status = 404, .body = protocol::error_body("Not Found")};
  } else if (head.method != "GET" && head.method != "HEAD") {
    rest_ = {.status = 405, .body = protocol::error_body("Method Not Allowed")};
    rest_.headers.emplace_back("Allow", "GET, HEAD");
  } else {
    rest_ = {.content_type = telemetry::kExpositionContentType,
             .body = protocol::metrics_page(context_.services)};
  }
  send(answer_of(rest_));
}

void Connection::send_away(Work work, serving::WorkerPool& pool) noexcept {
  state_ = State::away;
  work_ = work;
  pool.post(work_task_);
}

void Connection::work() noexcept {
  switch (work_) {
    case Work::decode:
      exchange_->decode();
      break;
    case Work::encode:
      exchange_->encode();
      break;
    case Work::administer:
      rest_ = context_.api.handle(
          {.route = route_, .body = reader_.body(buffer_), .is_local_peer = is_local_peer_});
      break;
    case Work::none:
      break;
  }
  thread_->loop().post(back_task_);
}

void Connection::on_inference_complete() noexcept { thread_->loop().post(back_task_); }

void Connection::on_back() noexcept {
  if (state_ == State::closed) {
    is_submitted_ = false;
    if (exchange_) exchange_->finish();
    return thread_->bury(*this);
  }
  try {
    come_back();
  } catch (const std::exception&) {
    // Out of memory for the answer's head.
    if (state_ == State::away) state_ = State::writing;
    return close();
  }
  if (state_ == State::reading) serve();
}

void Connection::come_back() {
  switch (std::exchange(work_, Work::none)) {
    case Work::decode:
      return run_decoded();
    case Work::encode:
      return send(exchange_->answer());
    case Work::administer:
      return send(answer_of(rest_));
    case Work::none:
      return complete();
  }
}

void Connection::send(const HttpAnswer& answer) {
  state_ = State::writing;
  keeps_alive_ = keeps_alive_ && !context_.is_draining.load(std::memory_order_relaxed);
  const bool is_http_1_0 = reader_.has_head() && reader_.head().is_http_1_0;
  write_answer_head(answer, {.keeps_alive = keeps_alive_, .is_http_1_0 = is_http_1_0}, answer_head_);
  writer_.clear();
  writer_.add(std::as_bytes(std::span(answer_head_)));
  if (!is_head_request_) {
    writer_.add(std::as_bytes(std::span(answer.head)));
    for (const auto& part : answer.parts) writer_.add(part);
  }
  progress_ = 0;
  deadline_ = now() + context_.options.timeouts.write;
  send_rest();
}

void Connection::send_rest() {
  switch (writer_.send(socket_)) {
    case ResponseWriter::State::sent:
      return finish_answer();
    case ResponseWriter::State::failed:
      return close();
    case ResponseWriter::State::blocked:
      if (writer_.sent_bytes() < progress_ + kProgressBytes) return;
      progress_ = writer_.sent_bytes();
      deadline_ = now() + context_.options.timeouts.write;
      return;
  }
}

void Connection::continue_writing() {
  send_rest();
  if (state_ == State::reading) serve();
}

void Connection::finish_answer() {
  if (exchange_) exchange_->finish();
  rest_ = {};
  reader_.finish(buffer_);
  if (is_unread_ || !keeps_alive_) return end();
  give_back_memory();
  state_ = State::reading;
  wait_ = Wait::none;
  deadline_ = EventLoop::Clock::time_point::max();
  is_head_request_ = false;
  is_asked_ = false;
  rest_ticks_ = 0;
}

void Connection::end() noexcept {
  // What was not read when a connection is closed makes the system reset it, and the peer may lose the
  // answer.
  if (!is_unread_ && !may_read_ && buffer_.is_empty()) return close();
  socket_.end_sending();
  buffer_.consume(buffer_.size());
  buffer_.shrink(true);
  give_back_memory();
  state_ = State::lingering;
  deadline_ = now() + context_.options.timeouts.linger;
  throw_away_input();
}

}  // namespace onda::server
