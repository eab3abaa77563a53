#include "server/inference_exchange.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <vector>

#include "serving/model_manager.h"
#include "serving/model_version.h"
#include "telemetry/tracer.h"

namespace onda::server {
namespace {

using protocol::ContentEncoding;

/// Decoding and encoding more than this takes longer than handing it to a worker.
constexpr std::uint64_t kQuickJsonBytes = 131072;
constexpr std::uint64_t kQuickBodyBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kQuickCompressedBytes = 16384;

/// Memory that is kept from request to request, and over a rest.
constexpr std::size_t kKeptBytes = std::size_t{4} << 20;
constexpr std::size_t kKeptBytesAtRest = 65536;

Error too_large(std::string_view what, std::uint64_t bytes, std::uint64_t limit) {
  return Error(ErrorCode::invalid_argument, std::string(what) + " of " + std::to_string(bytes) +
                                                " bytes exceeds the maximum allowed input size of " +
                                                std::to_string(limit) + " bytes; see --http-max-input-size");
}

/// Empty for what is no number; that is refused where the body is decoded.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::uint64_t bytes_of(const TensorView& view) noexcept {
  std::uint64_t bytes = view.bytes().size();
  for (const std::string& text : view.strings()) bytes += text.size() + sizeof(std::uint32_t);
  return bytes;
}

}  // namespace

void InferenceExchange::begin(const Call& call) noexcept {
  route_ = &call.route;
  head_ = &call.head;
  body_ = call.body;
  received_ = call.received;
  is_traced_ = false;
  encoding_ = ContentEncoding::identity;
}

std::uint64_t InferenceExchange::json_part() const noexcept {
  if (route_->kind != protocol::RouteKind::infer || !head_->inference_header_content_length)
    return body_.size();
  const std::uint64_t header = parse_number(*head_->inference_header_content_length).value_or(0);
  // All of the body is one raw tensor.
  return header == 0 ? body_.size() : header;
}

bool InferenceExchange::decodes_slowly() const noexcept {
  // An image is decompressed, whatever its size.
  if (route_->kind == protocol::RouteKind::classify) return true;
  return !head_->content_encoding.empty() || body_.size() > kQuickBodyBytes || json_part() > kQuickJsonBytes;
}

void InferenceExchange::decode() noexcept {
  try {
    decode_body();
  } catch (...) {
    error_ = protocol::error_response_of_current_exception();
  }
}

void InferenceExchange::decode_body() {
  version = services_.models.find(route_->model.text(), route_->version.text());
  is_traced_ = version->traces_next();
  std::span<const std::byte> body = body_;
  if (!head_->content_encoding.empty()) {
    body = inflated_body();
    if (error_) return;
  }
  if (route_->kind == protocol::RouteKind::classify) {
    image_.emplace(version, protocol::classify_top(head_->target));
    image_->decode(body);
    image_->fill_request(*this);
    return;
  }
  if (json_part() > json_limit_ && body_.size() > json_limit_) {
    throw too_large("request JSON", json_part(), json_limit_);
  }
  protocol::decode_infer(body, head_->inference_header_content_length, *version, services_.shared_memory,
                         decoded_);
  protocol::fill_request(*this, decoded_);
}

std::span<const std::byte> InferenceExchange::inflated_body() {
  ContentEncoding encoding = ContentEncoding::identity;
  try {
    encoding = protocol::parse_content_encoding(head_->content_encoding);
  } catch (const Error& error) {
    error_ = protocol::error_response(error);
    error_->headers.emplace_back("Accept-Encoding", protocol::kAcceptedEncodings);
    return {};
  }
  if (encoding == ContentEncoding::identity) return body_;
  inflated_ = protocol::inflate(body_, static_cast<std::size_t>(json_limit_));
  return inflated_.span();
}

bool InferenceExchange::submit() noexcept {
  result.times.received = received_;
  is_complete_at_once_ = false;
  is_submitting_ = true;
  version->submit(*this, serving::Caller::io_thread);
  is_submitting_ = false;
  return is_complete_at_once_;
}

void InferenceExchange::on_complete() noexcept {
  // Within `submit`, of this exchange, the caller sees to it: others may complete on that thread as well.
  if (owner_.is_on_its_thread() && is_submitting_) {
    is_complete_at_once_ = true;
    return;
  }
  owner_.on_inference_complete();
}

std::uint64_t InferenceExchange::output_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const NamedView& output : result.outputs) bytes += bytes_of(output.tensor);
  return bytes;
}

bool InferenceExchange::encodes_slowly() const noexcept {
  if (result.error) return false;
  const std::uint64_t bytes = output_bytes();
  if (bytes <= kQuickCompressedBytes) return false;
  if (protocol::choose_response_encoding(head_->accept_encoding) != ContentEncoding::identity) return true;
  return bytes > kQuickJsonBytes;
}

void InferenceExchange::encode() noexcept {
  try {
    encode_result();
  } catch (...) {
    error_ = protocol::error_response_of_current_exception();
  }
  if (is_traced_) trace();
  // An unload waits for it, and the client may take its time.
  version.reset();
}

void InferenceExchange::encode_result() {
  if (image_) {
    error_ = image_->answer(result);
    return;
  }
  if (result.error) {
    error_ = protocol::error_response(*result.error, result.situation);
    return;
  }
  protocol::encode_infer_response(*version, decoded_, result, response_);
  encoding_ = protocol::choose_response_encoding(head_->accept_encoding);
  if (encoding_ != ContentEncoding::identity) compress(encoding_);
}

void InferenceExchange::compress(ContentEncoding encoding) {
  std::vector<std::span<const std::byte>> pieces;
  pieces.reserve(1 + response_.parts.size());
  pieces.push_back(std::as_bytes(std::span(response_.head)));
  pieces.insert(pieces.end(), response_.parts.begin(), response_.parts.end());
  compressed_ = protocol::deflate(pieces, encoding);
}

void InferenceExchange::trace() const noexcept {
  const serving::RequestTimes& times = result.times;
  services_.tracer.write({.model_name = version->model(),
                          .model_version = version->number(),
                          .request_id = decoded_.id,
                          .times = {.request_start = times.received,
                                    .queue_start = times.queued,
                                    .compute_start = times.compute_begin,
                                    .compute_input_end = times.infer_begin,
                                    .compute_output_start = times.infer_end,
                                    .compute_end = times.compute_end,
                                    .request_end = std::chrono::steady_clock::now()}});
}

HttpAnswer InferenceExchange::answer() const noexcept {
  if (error_) return answer_of(*error_);
  if (encoding_ != ContentEncoding::identity) {
    return {.content_type = response_.content_type,
            .content_encoding = protocol::to_string(encoding_),
            .json_bytes = response_.json_bytes,
            .head = compressed_};
  }
  return {.content_type = response_.content_type,
          .json_bytes = response_.json_bytes,
          .head = response_.head,
          .parts = response_.parts};
}

void InferenceExchange::finish() noexcept {
  reset();
  image_.reset();
  error_.reset();
  inflated_ = {};
  decoded_.clear();
  decoded_.storage.shrink(kKeptBytes);
  response_.clear();
  if (response_.head.capacity() > kKeptBytes) response_.head = {};
  response_.storage.shrink(kKeptBytes);
  if (!compressed_.empty()) compressed_ = {};
}

void InferenceExchange::shrink() noexcept {
  decoded_.storage.shrink(kKeptBytesAtRest);
  response_.storage.shrink(kKeptBytesAtRest);
  if (response_.head.capacity() > kKeptBytesAtRest) response_.head = {};
}

}  // namespace onda::server
