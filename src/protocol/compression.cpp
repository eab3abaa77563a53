#include "protocol/compression.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <utility>

#include "base/quoted.h"
#include "onda/error.h"
#include "protocol/rest_infer.h"

namespace onda::protocol {
namespace {

// Of inflateInit2 and deflateInit2: the largest window, and what is wrapped around it.
constexpr int kWindowBits = 15;
constexpr int kGzip = 16;
constexpr int kTellByHeader = 32;

/// zlib counts in these.
uInt chunk_of(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

// zlib does not write to its input; without ZLIB_CONST the member says that it could.
Bytef* input_of(const std::byte* bytes) { return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes)); }

Bytef* output_of(void* bytes) { return static_cast<Bytef*>(bytes); }

class InflateStream {
 public:
  InflateStream() {
    if (inflateInit2(&state_, kWindowBits + kTellByHeader) != Z_OK) throw std::bad_alloc();
  }
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;
  ~InflateStream() { inflateEnd(&state_); }

  [[nodiscard]] z_stream& state() noexcept { return state_; }

 private:
  z_stream state_{};
};

class DeflateStream {
 public:
  explicit DeflateStream(ContentEncoding encoding) {
    constexpr int kMemoryLevel = 8;
    const int window = encoding == ContentEncoding::gzip ? kWindowBits + kGzip : kWindowBits;
    if (deflateInit2(&state_, Z_BEST_SPEED, Z_DEFLATED, window, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  DeflateStream(const DeflateStream&) = delete;
  DeflateStream& operator=(const DeflateStream&) = delete;
  ~DeflateStream() { deflateEnd(&state_); }

  [[nodiscard]] z_stream& state() noexcept { return state_; }

 private:
  z_stream state_{};
};

[[noreturn]] void refuse_body(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "the compressed body " + why);
}

/// Grows by doubling, to `limit` bytes and the padding.
class GrowingBody {
 public:
  GrowingBody(std::size_t first, std::size_t limit) : limit_(limit), capacity_(std::min(first, limit)) {
    body_.bytes = std::make_unique_for_overwrite<std::byte[]>(capacity_ + kBodyPadding);
  }

  /// Never empty: where the limit is reached it is the padding, and what comes there is one byte too many.
  [[nodiscard]] std::span<std::byte> room() {
    if (body_.size == capacity_ && capacity_ < limit_) {
      const std::size_t larger = capacity_ > limit_ / 2 ? limit_ : 2 * capacity_;
      auto bytes = std::make_unique_for_overwrite<std::byte[]>(larger + kBodyPadding);
      std::memcpy(bytes.get(), body_.bytes.get(), body_.size);
      body_.bytes = std::move(bytes);
      capacity_ = larger;
    }
    const std::size_t left = capacity_ - body_.size;
    return {body_.bytes.get() + body_.size, left > 0 ? left : 1};
  }

  void add(std::size_t count) {
    if (count > limit_ - body_.size) {
      refuse_body("holds more than " + std::to_string(limit_) +
                  " bytes: its decompressed size exceeds the maximum allowed");
    }
    body_.size += count;
  }

  [[nodiscard]] InflatedBody take() {
    std::memset(body_.bytes.get() + body_.size, 0, kBodyPadding);
    return std::move(body_);
  }

 private:
  std::size_t limit_;
  std::size_t capacity_;
  InflatedBody body_;
};

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_equal(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

/// What is before `separator`, taken off `rest` together with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return trimmed(part);
}

std::optional<ContentEncoding> encoding_named(std::string_view name) {
  if (is_equal(name, "gzip") || is_equal(name, "x-gzip")) return ContentEncoding::gzip;
  if (is_equal(name, "deflate")) return ContentEncoding::deflate;
  if (is_equal(name, "identity")) return ContentEncoding::identity;
  return std::nullopt;
}

/// Thousandths of "0.5"; empty for what RFC 9110 does not have: 0 to 1 with at most three decimals.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  text.remove_prefix(1);
  if (text.empty()) return weight;
  if (text[0] != '.' || text.size() > 4) return std::nullopt;
  int unit = 100;
  for (const char digit : text.substr(1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    weight += (digit - '0') * unit;
    unit /= 10;
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

/// Of one entry, behind its name. Empty where it cannot be understood: the entry is passed over then.
std::optional<int> weight_of(std::string_view parameters) {
  int weight = 1000;
  while (!parameters.empty()) {
    std::string_view parameter = take_until(parameters, ';');
    const auto name = take_until(parameter, '=');
    if (!is_equal(name, "q")) continue;
    const auto given = parse_weight(trimmed(parameter));
    if (!given) return std::nullopt;
    weight = *given;
  }
  return weight;
}

}  // namespace

std::string_view to_string(ContentEncoding encoding) noexcept {
  switch (encoding) {
    case ContentEncoding::gzip:
      return "gzip";
    case ContentEncoding::deflate:
      return "deflate";
    case ContentEncoding::identity:
      break;
  }
  return "identity";
}

ContentEncoding parse_content_encoding(std::string_view header) {
  const auto name = trimmed(header);
  if (name.empty()) return ContentEncoding::identity;
  if (const auto encoding = encoding_named(name)) return *encoding;
  throw Error(ErrorCode::unimplemented, "Content-Encoding " + base::quoted(header) +
                                            " is not supported; expected gzip, deflate or identity");
}

InflatedBody inflate(std::span<const std::byte> body, std::size_t limit) {
  constexpr std::size_t kLeast = 4096;
  // What is sent compressed shrinks to a half at least, as a rule.
  GrowingBody result(std::max(kLeast, body.size() < limit / 2 ? 2 * body.size() : limit), limit);
  InflateStream stream;
  z_stream& state = stream.state();
  std::size_t given = 0;
  bool is_complete = false;
  while (!is_complete) {
    if (state.avail_in == 0) {
      const uInt chunk = chunk_of(body.size() - given);
      state.next_in = input_of(body.data() + given);
      state.avail_in = chunk;
      given += chunk;
    }
    const auto room = result.room();
    const uInt space = chunk_of(room.size());
    state.next_out = output_of(room.data());
    state.avail_out = space;
    const int status = ::inflate(&state, Z_NO_FLUSH);
    result.add(space - state.avail_out);
    if (status == Z_STREAM_END) {
      is_complete = state.avail_in == 0 && given == body.size();
      // gzip files may be several streams, one behind the other.
      if (!is_complete) inflateReset(&state);
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status == Z_BUF_ERROR || status == Z_OK) {
      const bool is_stuck = status == Z_BUF_ERROR && state.avail_out == space;
      if (is_stuck && given == body.size()) refuse_body("is cut short");
    } else {
      refuse_body(std::string("is damaged: ") +
                  (state.msg != nullptr ? state.msg : "no gzip or zlib stream"));
    }
  }
  return result.take();
}

ContentEncoding choose_response_encoding(std::string_view accept_encoding) noexcept {
  ContentEncoding best = ContentEncoding::identity;
  int best_weight = 0;
  while (!accept_encoding.empty()) {
    std::string_view entry = take_until(accept_encoding, ',');
    const auto encoding = encoding_named(take_until(entry, ';'));
    const auto weight = weight_of(entry);
    if (!encoding || !weight || *weight <= best_weight) continue;
    best = *encoding;
    best_weight = *weight;
  }
  return best;
}

std::string deflate(std::span<const std::span<const std::byte>> pieces, ContentEncoding encoding) {
  std::size_t total = 0;
  for (const auto& piece : pieces) total += piece.size();
  DeflateStream stream(encoding);
  z_stream& state = stream.state();
  // The bound is for one call; several may need more.
  constexpr std::size_t kLeastGrowth = 1024;
  std::string result(deflateBound(&state, static_cast<uLong>(total)), '\0');
  std::size_t written = 0;

  const auto step = [&](int flush) {
    if (written == result.size()) result.resize(written + written / 8 + kLeastGrowth);
    const uInt space = chunk_of(result.size() - written);
    state.next_out = output_of(result.data() + written);
    state.avail_out = space;
    const int status = ::deflate(&state, flush);
    written += space - state.avail_out;
    if (status == Z_STREAM_ERROR) throw Error(ErrorCode::internal, "the answer could not be compressed");
    return status;
  };
  for (auto piece : pieces) {
    while (!piece.empty()) {
      const uInt chunk = chunk_of(piece.size());
      state.next_in = input_of(piece.data());
      state.avail_in = chunk;
      piece = piece.subspan(chunk);
      while (state.avail_in > 0) step(Z_NO_FLUSH);
    }
  }
  while (step(Z_FINISH) != Z_STREAM_END) {
  }
  result.resize(written);
  return result;
}

}  // namespace onda::protocol
