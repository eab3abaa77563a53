#include "server/chunked_decoder.h"

#include <algorithm>
#include <cstring>

namespace onda::server {
namespace {

bool is_control(char byte) noexcept {
  return (static_cast<unsigned char>(byte) < 0x20 && byte != '\t') || byte == 0x7f;
}

int hex_value(char byte) noexcept {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const char low = static_cast<char>(byte | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace

ChunkedDecoder::Progress ChunkedDecoder::decode(const char* in, std::size_t size, char* out) noexcept {
  Progress progress;
  while (progress.consumed < size && state_ != State::over) {
    if (state_ == State::data) {
      const std::size_t bytes =
          static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, size - progress.consumed));
      std::memmove(out + progress.produced, in + progress.consumed, bytes);
      progress.consumed += bytes;
      progress.produced += bytes;
      remaining_ -= bytes;
      if (remaining_ == 0) state_ = State::data_cr;
      continue;
    }
    if (!take(in[progress.consumed++])) {
      progress.fault = fault_;
      return progress;
    }
  }
  progress.is_over = state_ == State::over;
  return progress;
}

bool ChunkedDecoder::fail(std::string_view message, int status) noexcept {
  fault_ = {status, message};
  return false;
}

bool ChunkedDecoder::take_digit(char byte) noexcept {
  const int digit = hex_value(byte);
  if (digit < 0) return fail("malformed chunk: its size is no hexadecimal number");
  if (remaining_ > (UINT64_MAX >> 4)) return fail("malformed chunk: its size is too large");
  remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(digit);
  return true;
}

bool ChunkedDecoder::end_size_line() noexcept {
  line_bytes_ = 0;
  if (remaining_ == 0) {
    state_ = State::line_begin;
    return true;
  }
  if (++chunks_ > kMostChunks) return fail("chunked body: more than 65536 chunks");
  if (remaining_ > limit_ - total_) return fail("the request's body exceeds the maximum allowed size", 413);
  total_ += remaining_;
  state_ = State::data;
  return true;
}

bool ChunkedDecoder::take(char byte) noexcept {
  switch (state_) {
    case State::size_begin:
      state_ = State::size;
      remaining_ = 0;
      line_bytes_ = 1;
      return take_digit(byte);
    case State::size:
    case State::size_blank:
    case State::extension:
      if (++line_bytes_ > kLongestLine) return fail("malformed chunk: its first line is too long");
      if (byte == '\r') {
        state_ = State::size_end;
        return true;
      }
      if (state_ == State::extension) {
        return !is_control(byte) || fail("malformed chunk: a control character in its extension");
      }
      if (byte == ';') {
        state_ = State::extension;
        return true;
      }
      if (byte == ' ' || byte == '\t') {
        state_ = State::size_blank;
        return true;
      }
      return state_ == State::size ? take_digit(byte)
                                   : fail("malformed chunk: its size is no hexadecimal number");
    case State::size_end:
      return byte == '\n' ? end_size_line() : fail("malformed chunk: a line must end with CR LF");
    case State::data_cr:
      state_ = State::data_lf;
      return byte == '\r' || fail("malformed chunk: its data must be followed by CR LF");
    case State::data_lf:
      state_ = State::size_begin;
      return byte == '\n' || fail("malformed chunk: its data must be followed by CR LF");
    case State::line_begin:
      if (byte == '\r') {
        state_ = State::last_lf;
        return true;
      }
      state_ = State::line;
      [[fallthrough]];
    case State::line:
      if (++trailer_bytes_ > kMostTrailerBytes) return fail("chunked body: its trailer is too long", 431);
      if (byte == '\r') {
        state_ = State::line_end;
        return true;
      }
      return !is_control(byte) || fail("chunked body: a control character in its trailer");
    case State::line_end:
      state_ = State::line_begin;
      return byte == '\n' || fail("chunked body: a line of its trailer must end with CR LF");
    case State::last_lf:
      state_ = State::over;
      return byte == '\n' || fail("chunked body: it must end with CR LF");
    case State::data:
    case State::over:
      break;
  }
  return fail("malformed chunk");
}

}  // namespace onda::server
