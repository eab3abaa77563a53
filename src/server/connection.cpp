#include "server/connection.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "protocol/rest_infer.h"
#include "server/connection_thread.h"

namespace onda::server {
namespace {

using protocol::RouteKind;

static_assert(ReadBuffer::kPadding >= protocol::kBodyPadding);

/// Requests of one connection that are answered before others get their turn.
constexpr unsigned kMostAnswersATurn = 16;
/// Bytes of one connection that are read before others get their turn.
constexpr std::size_t kMostBytesATurn = std::size_t{1} << 20;
/// Of a request that gets an error whatever is in it.
constexpr std::uint64_t kMostIgnoredBytes = 65536;
/// A buffer up to this size is kept for the next request, until the connection has rested.
constexpr std::size_t kMostKeptBytes = std::size_t{4} << 20;
constexpr unsigned kTicksAtRest = 10;
/// Reads of input that nobody wants before others get their turn.
constexpr unsigned kMostReadsATurn = 64;

bool is_error(RouteKind kind) noexcept {
  return kind == RouteKind::not_found || kind == RouteKind::method_not_allowed || kind == RouteKind::bad_path;
}

}  // namespace

Connection::Connection(AcceptedConnection accepted, Service service, bool refuses, ConnectionContext& context)
    : context_(context),
      socket_(std::move(accepted.socket)),
      service_(service),
      is_local_peer_(accepted.is_local_peer),
      refuses_(refuses) {
  context_.count.add();
}

Connection::~Connection() {
  context_.services.inflight.give_back(inflight_bytes_);
  context_.kept.give_back(kept_bytes_);
  socket_.close();
  context_.count.remove();
}

EventLoop::Clock::time_point Connection::now() const noexcept { return thread_->loop().now(); }

bool Connection::is_on_its_thread() const noexcept { return thread_->loop().is_current(); }

void Connection::on_arrival(ConnectionThread& thread) noexcept {
  thread_ = &thread;
  wait_ = Wait::none;
  try {
    thread.loop().watch(socket_.number(), *this);
    if (context_.is_ending.load()) return close();
    if (refuses_) return refuse(503, "too many connections; try again later");
  } catch (const std::exception&) {
    return close();
  }
  serve();
}

void Connection::go_to(ConnectionThread& thread) noexcept {
  thread_->loop().unwatch(socket_.number());
  destination_ = &thread;
  thread.loop().post(arrival_task_);
}

void Connection::arrive() noexcept { destination_->arrive(std::unique_ptr<Connection>(this)); }

void Connection::on_ready(Readiness readiness) noexcept {
  if (readiness.readable || readiness.ended || readiness.broken) may_read_ = true;
  if (readiness.ended && !is_ended_) {
    is_ended_ = true;
    ended_at_ = now();
  }
  switch (state_) {
    case State::reading:
      if (!is_again_posted_) serve();
      return;
    case State::away:
      if (readiness.broken) close();
      return;
    case State::writing:
      if (readiness.broken) return close();
      if (readiness.writable) continue_writing();
      return;
    case State::lingering:
      if (readiness.broken) return close();
      if (!is_again_posted_) throw_away_input();
      return;
    case State::closed:
      return;
  }
}

void Connection::serve() noexcept {
  try {
    serve_requests();
  } catch (const std::exception&) {
    // Out of memory, before the request was given to anyone.
    close();
  }
}

void Connection::serve_requests() {
  unsigned answers = 0;
  read_bytes_ = 0;
  while (state_ == State::reading) {
    // It may have gone to another thread, or have come from one.
    if (is_head_new_) {
      if (!begin_request()) return;
      continue;
    }
    switch (reader_.advance(buffer_)) {
      case HttpRequestReader::Step::need_bytes:
        if (!fill()) return;
        if (read_bytes_ > kMostBytesATurn) return serve_again();
        break;
      case HttpRequestReader::Step::head_read:
        is_head_new_ = true;
        break;
      case HttpRequestReader::Step::body_read:
        if (answers++ == kMostAnswersATurn) return serve_again();
        answer_request();
        break;
      case HttpRequestReader::Step::fault:
        refuse(reader_.fault().status, reader_.fault().message);
        break;
    }
  }
}

void Connection::serve_again() noexcept {
  if (state_ == State::closed || is_again_posted_) return;
  is_again_posted_ = true;
  thread_->loop().post(again_task_);
}

void Connection::on_again() noexcept {
  is_again_posted_ = false;
  if (state_ == State::closed) return thread_->bury(*this);
  if (state_ == State::reading) serve();
  if (state_ == State::lingering) throw_away_input();
}

ConnectionThread& Connection::thread_for(const protocol::Route& route) noexcept {
  if (!protocol::is_inference(route.kind)) return context_.control;
  if (thread_ != &context_.control) return *thread_;
  const auto least = std::min_element(context_.io_threads.begin(), context_.io_threads.end(),
                                      [](const auto& a, const auto& b) { return a->load() < b->load(); });
  return **least;
}

bool Connection::begin_request() {
  const HttpHead& head = reader_.head();
  route_ = protocol::parse_route(head.method, head.target);
  route_base_ = buffer_.data();
  if (service_ == Service::api) {
    ConnectionThread& wanted = thread_for(route_);
    if (&wanted != thread_) {
      thread_->hand_over(*this, wanted);
      return false;
    }
  }
  is_head_new_ = false;
  is_head_request_ = head.method == "HEAD";
  context_.requests.add();
  if (!accept_body()) return true;
  // Who has sent something of the body does not wait to be told.
  const bool has_body = head.framing == BodyFraming::chunked || head.content_length > 0;
  if (head.expects_continue && has_body && !reader_.has_body_bytes(buffer_) && !send_interim()) close();
  return true;
}

bool Connection::accept_body() {
  const HttpHead& head = reader_.head();
  const HttpLimits& limits = context_.options.limits;
  const bool has_tensors_behind = route_.kind == RouteKind::infer && head.inference_header_content_length &&
                                  *head.inference_header_content_length != "0";
  const bool is_ignored = service_ == Service::metrics || is_error(route_.kind);
  const std::uint64_t limit = is_ignored           ? kMostIgnoredBytes
                              : has_tensors_behind ? limits.body_bytes
                                                   : std::min(limits.json_bytes, limits.body_bytes);
  if (head.framing == BodyFraming::length && head.content_length > limit) {
    const std::string sizes = std::to_string(head.content_length) +
                              " bytes exceeds the maximum allowed size of " + std::to_string(limit) +
                              " bytes";
    if (has_tensors_behind) {
      refuse(413, "the request's body of " + sizes);
    } else if (is_ignored) {
      is_unread_ = true;
      keeps_alive_ = false;
      answer_plainly();
    } else {
      refuse(400, "the request's input of " + sizes + "; see --http-max-input-size");
    }
    return false;
  }
  reader_.set_chunked_limit(limit);
  if (reserve(reader_.room_wanted(buffer_))) return true;
  refuse(503, "the server has too many bytes of requests in flight; try again later");
  return false;
}

bool Connection::reserve(std::size_t bytes) {
  // What every connection may have is bounded by their number.
  const std::uint64_t counted = bytes > ReadBuffer::kBaseCapacity ? bytes - ReadBuffer::kBaseCapacity : 0;
  if (counted > inflight_bytes_) {
    if (!context_.services.inflight.try_take(counted - inflight_bytes_)) return false;
    inflight_bytes_ = counted;
  }
  buffer_.reserve(bytes);
  reader_.follow(buffer_);
  return true;
}

bool Connection::fill() {
  if (!may_read_) {
    wait_for_more();
    return false;
  }
  if (buffer_.free_space().empty() && !reserve(reader_.room_wanted(buffer_))) {
    refuse(503, "the server has too many bytes of requests in flight; try again later");
    return true;
  }
  const std::span<char> space = buffer_.free_space();
  const SocketResult result = socket_.read(space);
  if (result.state == SocketResult::State::would_block) {
    may_read_ = false;
    wait_for_more();
    return false;
  }
  if (result.state == SocketResult::State::failed || result.bytes == 0) {
    close();
    return false;
  }
  buffer_.commit(result.bytes);
  read_bytes_ += result.bytes;
  // Less than there was room for: there is no more, and the next that comes is told. But an end that was told
  // already is not told again.
  may_read_ = is_ended_ || result.bytes == space.size();
  return true;
}

void Connection::wait_for_more() noexcept {
  const HttpTimeouts& timeouts = context_.options.timeouts;
  if (reader_.is_between_requests(buffer_)) {
    if (wait_ == Wait::request) return;
    wait_ = Wait::request;
    deadline_ = now() + (context_.is_draining.load(std::memory_order_relaxed) ? timeouts.last_request
                                                                              : timeouts.idle);
  } else if (!reader_.has_head()) {
    if (wait_ == Wait::head) return;
    wait_ = Wait::head;
    deadline_ = now() + timeouts.head;
  } else {
    if (wait_ == Wait::body && buffer_.size() < progress_ + kProgressBytes) return;
    wait_ = Wait::body;
    deadline_ = now() + timeouts.body;
    progress_ = buffer_.size();
  }
}

void Connection::refuse(int status, std::string_view message) {
  rest_ = {.status = status, .body = protocol::error_body(message)};
  if (status == 503) rest_.headers.emplace_back("Retry-After", "1");
  keeps_alive_ = false;
  is_unread_ = true;
  if (refuses_) context_.refused.add();
  send(answer_of(rest_));
}

void Connection::on_tick() noexcept {
  if (state_ == State::away) return ask_half_closed();
  if (state_ == State::closed || is_again_posted_) return;
  if (now() >= deadline_) return on_timeout();
  if (state_ == State::reading && reader_.is_between_requests(buffer_) && ++rest_ticks_ == kTicksAtRest) {
    buffer_.shrink(true);
    context_.kept.give_back(std::exchange(kept_bytes_, 0));
    if (exchange_) exchange_->shrink();
  }
}

void Connection::on_timeout() noexcept {
  if (state_ != State::reading || wait_ == Wait::request) return close();
  context_.timeouts.add();
  try {
    refuse(408, wait_ == Wait::head ? "the request's header did not arrive in time"
                                    : "the request's body did not arrive in time");
  } catch (const std::exception&) {
    close();
  }
}

void Connection::ask_half_closed() noexcept {
  if (!is_ended_ || is_asked_ || !reader_.has_head() || reader_.head().is_http_1_0) return;
  if (now() - ended_at_ < context_.options.timeouts.half_closed) return;
  is_asked_ = true;
  // An end of the peer's is the same for one that has gone and one that only has nothing more to send. To the
  // first, anything that is sent is answered with a reset; the second has to expect an interim answer.
  if (!send_interim()) close();
}

bool Connection::send_interim() noexcept {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::array<std::span<const std::byte>, 1> pieces{std::as_bytes(std::span(kContinue))};
  const SocketResult result = socket_.write(pieces);
  return result.state == SocketResult::State::done && result.bytes == kContinue.size();
}

void Connection::on_drain() noexcept {
  if (state_ != State::reading || wait_ != Wait::request) return;
  deadline_ = std::min(deadline_, now() + context_.options.timeouts.last_request);
}

void Connection::close() noexcept {
  if (state_ == State::closed) return;
  const bool is_away = std::exchange(state_, State::closed) == State::away;
  thread_->loop().unwatch(socket_.number());
  socket_.close();
  // Whoever has the request brings it back; then the connection is over.
  if (is_away && is_submitted_) exchange_->cancel();
  if (!is_away && !is_again_posted_) thread_->bury(*this);
}

void Connection::throw_away_input() noexcept {
  std::array<char, 4096> ignored;
  for (unsigned reads = 0; may_read_; ++reads) {
    if (reads == kMostReadsATurn) return serve_again();
    const SocketResult result = socket_.read(ignored);
    if (result.state == SocketResult::State::would_block) may_read_ = false;
    if (result.state == SocketResult::State::failed) return close();
    if (result.state == SocketResult::State::done && result.bytes == 0) return close();
  }
}

void Connection::give_back_memory() noexcept {
  context_.services.inflight.give_back(std::exchange(inflight_bytes_, 0));
  if (buffer_.capacity() == kept_bytes_) return;
  context_.kept.give_back(std::exchange(kept_bytes_, 0));
  if (buffer_.capacity() <= ReadBuffer::kBaseCapacity) return;
  if (buffer_.capacity() <= kMostKeptBytes && context_.kept.try_take(buffer_.capacity())) {
    kept_bytes_ = buffer_.capacity();
  } else {
    buffer_.shrink(false);
  }
}

}  // namespace onda::server
