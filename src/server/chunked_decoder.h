#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "server/http_head.h"

namespace onda::server {

/// Takes the framing off a chunked body, whatever the pieces that it arrives in.
class ChunkedDecoder {
 public:
  /// Chunks with data in one body: more of them carry next to nothing each.
  static constexpr std::uint32_t kMostChunks = 65536;
  /// Of a chunk's first line, and of all trailer fields together.
  static constexpr std::size_t kLongestLine = 4096;
  static constexpr std::size_t kMostTrailerBytes = 16384;

  struct Progress {
    std::size_t consumed =
        0;  ///< bytes of the input; behind them the next request begins where the body is over
    std::size_t produced = 0;  ///< bytes of the body
    bool is_over = false;
    std::optional<HttpFault> fault = {};
  };

  /// `limit` bounds the body.
  void start(std::uint64_t limit) noexcept { *this = ChunkedDecoder(limit); }

  /// Reads the next `size` bytes at `in` and writes what of the body is in them to `out`, which may be `in`
  /// or lie before it. Where it is not over, all is consumed.
  [[nodiscard]] Progress decode(const char* in, std::size_t size, char* out) noexcept;

  ChunkedDecoder() noexcept = default;

 private:
  explicit ChunkedDecoder(std::uint64_t limit) noexcept : limit_(limit) {}

  enum class State {
    size_begin,  // before the first digit
    size,        // within the digits
    size_blank,  // behind them
    extension,   // behind the semicolon
    size_end,    // before the line's LF
    data,
    data_cr,  // behind a chunk's data
    data_lf,
    line_begin,  // of a trailer field, or of the body's end
    line,        // within a trailer field
    line_end,    // before its LF
    last_lf,     // before the body's last byte
    over,
  };

  /// Takes one byte of framing; false for a fault.
  bool take(char byte) noexcept;
  bool take_digit(char byte) noexcept;
  bool end_size_line() noexcept;
  bool fail(std::string_view message, int status = 400) noexcept;

  std::uint64_t limit_ = 0;
  std::uint64_t remaining_ = 0;  // bytes of the chunk still to come
  std::uint64_t total_ = 0;      // bytes of all chunks up to this one
  std::uint32_t chunks_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  State state_ = State::size_begin;
  HttpFault fault_;
};

}  // namespace onda::server
