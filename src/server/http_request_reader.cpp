#include "server/http_request_reader.h"

#include <algorithm>

namespace onda::server {
namespace {

/// Room for a body of which nothing has come yet.
constexpr std::size_t kFirstBodyBytes = std::size_t{256} << 10;

}  // namespace

HttpRequestReader::Step HttpRequestReader::advance(ReadBuffer& buffer) noexcept {
  switch (stage_) {
    case Stage::head:
      return advance_head(buffer);
    case Stage::body:
      follow(buffer);
      return advance_body(buffer);
    case Stage::over:
      follow(buffer);
      return Step::body_read;
    case Stage::failed:
      break;
  }
  return Step::fault;
}

HttpRequestReader::Step HttpRequestReader::fail(HttpFault fault) noexcept {
  fault_ = fault;
  stage_ = Stage::failed;
  return Step::fault;
}

HttpRequestReader::Step HttpRequestReader::advance_head(ReadBuffer& buffer) noexcept {
  // Some clients end a body with a line's end that its length does not count.
  while (scanned_ == 0 && buffer.size() >= 2 && buffer.data()[0] == '\r' && buffer.data()[1] == '\n')
    buffer.consume(2);
  if (buffer.is_empty()) return Step::need_bytes;
  const std::string_view text(buffer.data(), buffer.size());
  const bool begins_with_line_end = text.front() == '\r' && text.size() == 1;
  if (begins_with_line_end) return Step::need_bytes;
  // What speaks another protocol need not be waited for.
  if (!is_token_byte(text.front())) return fail({400, "malformed request line: no method"});

  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t end = text.find(kEnd, scanned_ > kEnd.size() ? scanned_ - kEnd.size() + 1 : 0);
  const bool is_too_long =
      end == std::string_view::npos ? text.size() > kMostHeadBytes : end + kEnd.size() > kMostHeadBytes;
  if (is_too_long) return fail({431, "the request's header exceeds the maximum allowed size of 65536 bytes"});
  if (end == std::string_view::npos) {
    scanned_ = text.size();
    return Step::need_bytes;
  }

  head_bytes_ = end + kEnd.size();
  base_ = buffer.data();
  if (const auto fault = parse_http_head(text.substr(0, head_bytes_), head_)) return fail(*fault);
  stage_ = Stage::body;
  return Step::head_read;
}

HttpRequestReader::Step HttpRequestReader::advance_body(ReadBuffer& buffer) noexcept {
  if (head_.framing != BodyFraming::chunked) {
    body_bytes_ = static_cast<std::size_t>(head_.content_length);
    if (buffer.size() - head_bytes_ < body_bytes_) return Step::need_bytes;
    request_bytes_ = head_bytes_ + body_bytes_;
    stage_ = Stage::over;
    return Step::body_read;
  }
  const std::size_t decoded = head_bytes_ + body_bytes_;
  char* raw = buffer.data() + decoded;
  const ChunkedDecoder::Progress progress = chunked_.decode(raw, buffer.size() - decoded, raw);
  body_bytes_ += progress.produced;
  if (progress.fault) return fail(*progress.fault);
  if (!progress.is_over) {
    // The framing's own bytes make room.
    buffer.truncate(head_bytes_ + body_bytes_);
    return Step::need_bytes;
  }
  request_bytes_ = decoded + progress.consumed;
  stage_ = Stage::over;
  return Step::body_read;
}

std::span<const std::byte> HttpRequestReader::body(const ReadBuffer& buffer) const noexcept {
  return std::as_bytes(std::span(buffer.data() + head_bytes_, body_bytes_));
}

std::size_t HttpRequestReader::room_wanted(const ReadBuffer& buffer) const noexcept {
  constexpr std::size_t kLeast = ReadBuffer::kBaseCapacity;
  const std::size_t twice = 2 * buffer.size();
  switch (stage_) {
    case Stage::head:
      return std::min(std::max(kLeast, twice), kMostHeadBytes + kLeast);
    case Stage::body:
      if (head_.framing == BodyFraming::chunked) return std::max(kLeast, twice);
      return std::min(head_bytes_ + static_cast<std::size_t>(head_.content_length),
                      std::max(kFirstBodyBytes, twice));
    case Stage::over:
    case Stage::failed:
      break;
  }
  return buffer.size();
}

void HttpRequestReader::follow(const ReadBuffer& buffer) noexcept {
  if (stage_ == Stage::head || base_ == buffer.data()) return;
  head_.rebase(base_, buffer.data());
  base_ = buffer.data();
}

void HttpRequestReader::finish(ReadBuffer& buffer) noexcept {
  buffer.consume(request_bytes_);
  stage_ = Stage::head;
  scanned_ = 0;
  body_bytes_ = 0;
  request_bytes_ = 0;
}

}  // namespace onda::server
