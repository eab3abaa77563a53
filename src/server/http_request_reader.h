#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "server/chunked_decoder.h"
#include "server/http_head.h"
#include "server/read_buffer.h"

namespace onda::server {

/// Finds one request after the other in a connection's bytes, however they arrive: each answer of `advance`
/// depends on all bytes so far and not on the pieces that they came in.
///
/// The buffer is the connection's; between two calls its bytes may have moved and grown at the end, nothing
/// else.
class HttpRequestReader {
 public:
  static constexpr std::size_t kMostHeadBytes = 65536;

  enum class Step {
    need_bytes,
    head_read,  ///< once a request: `head` is there. The next call goes on with the body
    body_read,  ///< the request is whole: `body` is there. `finish` begins the next
    fault       ///< it cannot be read, and nothing behind it
  };

  [[nodiscard]] Step advance(ReadBuffer& buffer) noexcept;

  /// From `head_read` on. Borrows the buffer.
  [[nodiscard]] const HttpHead& head() const noexcept { return head_; }
  /// From `body_read` on.
  [[nodiscard]] std::span<const std::byte> body(const ReadBuffer& buffer) const noexcept;
  [[nodiscard]] const HttpFault& fault() const noexcept { return fault_; }

  /// Bounds a chunked body; 0 until it is set. Called at `head_read`.
  void set_chunked_limit(std::uint64_t bytes) noexcept { chunked_.start(bytes); }
  /// How many bytes the buffer must have room for until the head, a body of known length, is whole. Of a
  /// chunked body: what is there, and as much again.
  [[nodiscard]] std::size_t room_wanted(const ReadBuffer& buffer) const noexcept;
  /// Where the buffer has moved, the head's views move along.
  void follow(const ReadBuffer& buffer) noexcept;

  /// The request was answered; its bytes are done with.
  void finish(ReadBuffer& buffer) noexcept;
  /// The head of a request that is not finished was read.
  [[nodiscard]] bool has_head() const noexcept { return stage_ == Stage::body || stage_ == Stage::over; }
  /// The head was read, and something of what is behind it.
  [[nodiscard]] bool has_body_bytes(const ReadBuffer& buffer) const noexcept {
    return buffer.size() > head_bytes_;
  }
  /// Nothing of a request has been read.
  [[nodiscard]] bool is_between_requests(const ReadBuffer& buffer) const noexcept {
    return stage_ == Stage::head && buffer.is_empty();
  }

 private:
  enum class Stage { head, body, over, failed };

  Step advance_head(ReadBuffer& buffer) noexcept;
  Step advance_body(ReadBuffer& buffer) noexcept;
  Step fail(HttpFault fault) noexcept;

  Stage stage_ = Stage::head;
  HttpHead head_;
  HttpFault fault_;
  ChunkedDecoder chunked_;
  const char* base_ = nullptr;  // where the buffer was when the head was parsed, or followed
  std::size_t scanned_ = 0;     // bytes that hold no end of the head
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_ = 0;     // decoded
  std::size_t request_bytes_ = 0;  // all of it, once it is whole
};

}  // namespace onda::server
