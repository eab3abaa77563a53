#include "server/http_head.h"

#include <array>
#include <cstring>
#include <limits>
#include <utility>

namespace onda::server {
namespace {

enum : unsigned char {
  kToken = 1,       // of a method and a field's name
  kTargetByte = 2,  // visible, or beyond ASCII: clients send names of models as they are
  kValueByte = 4,   // of a field's value
};

constexpr std::array<unsigned char, 256> make_classes() {
  std::array<unsigned char, 256> classes{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool visible = byte > 0x20 && byte != 0x7f;
    if (visible) classes[byte] |= kTargetByte;
    if (visible || byte == ' ' || byte == '\t') classes[byte] |= kValueByte;
  }
  for (unsigned byte = '0'; byte <= '9'; ++byte) classes[byte] |= kToken;
  for (unsigned byte = 'a'; byte <= 'z'; ++byte) classes[byte] |= kToken;
  for (unsigned byte = 'A'; byte <= 'Z'; ++byte) classes[byte] |= kToken;
  for (const char byte : std::string_view("!#$%&'*+-.^_`|~"))
    classes[static_cast<unsigned char>(byte)] |= kToken;
  return classes;
}
constexpr std::array<unsigned char, 256> kClasses = make_classes();

bool is_of(char byte, unsigned char kind) noexcept {
  return (kClasses[static_cast<unsigned char>(byte)] & kind) != 0;
}

/// Whether none of eight bytes is a control character, all at once.
bool has_only_visible_bytes(const char* bytes) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = kOnes * 0x80;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word;
  const std::uint64_t deleted = word ^ kOnes * 0x7f;
  return ((below_blank | ((deleted - kOnes) & ~deleted)) & kHighBits) == 0;
}

constexpr char lower(char byte) noexcept {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

/// `name` is in lower case.
bool equals_ignoring_case(std::string_view text, std::string_view name) noexcept {
  if (text.size() != name.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != name[i]) return false;
  }
  return true;
}

bool is_blank(char byte) noexcept { return byte == ' ' || byte == '\t'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Calls `element` with each of a comma-separated list's, without blanks; false where one of the calls was.
template <class Element>
bool each_element(std::string_view list, const Element& element) {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (!element(trimmed(list.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

/// Digits alone; empty where it is anything else or does not fit.
std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char byte : text) {
    if (byte < '0' || byte > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(byte - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

class HeadParser {
 public:
  HeadParser(std::string_view text, HttpHead& head) noexcept
      : at_(text.data()), end_(text.data() + text.size()), head_(head) {}

  std::optional<HttpFault> parse() noexcept {
    head_ = {};
    if (!parse_request_line() || !parse_fields() || !conclude()) return fault_;
    return std::nullopt;
  }

 private:
  bool fail(std::string_view message, int status = 400) noexcept {
    fault_ = {status, message};
    return false;
  }

  /// Takes the bytes of one kind.
  std::string_view take(unsigned char kind) noexcept {
    // Not the member: a byte that is read might be a part of it, for all that the compiler knows.
    const char* at = at_;
    while (at != end_ && is_of(*at, kind)) ++at;
    return take_until(at);
  }
  /// Takes the bytes of a field's value.
  std::string_view take_value() noexcept {
    const char* at = at_;
    while (end_ - at >= 8 && has_only_visible_bytes(at)) at += 8;
    while (at != end_ && is_of(*at, kValueByte)) ++at;
    return take_until(at);
  }
  std::string_view take_until(const char* at) noexcept {
    const char* begin = std::exchange(at_, at);
    return {begin, static_cast<std::size_t>(at - begin)};
  }
  bool take_text(std::string_view text) noexcept {
    if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, text.size()) != text)
      return false;
    at_ += text.size();
    return true;
  }

  bool parse_request_line() noexcept {
    head_.method = take(kToken);
    if (head_.method.empty() || !take_text(" ")) return fail("malformed request line: no method");
    head_.target = take(kTargetByte);
    if (head_.target.empty() || !take_text(" ")) return fail("malformed request line: no target");
    if (!take_text("HTTP/")) return fail("malformed request line: no version of HTTP");
    const bool has_digits =
        end_ - at_ >= 3 && at_[0] >= '0' && at_[0] <= '9' && at_[1] == '.' && at_[2] >= '0' && at_[2] <= '9';
    if (!has_digits) return fail("malformed request line: no version of HTTP");
    if (at_[0] != '1') return fail("HTTP/1.0 and HTTP/1.1 are spoken here", 505);
    head_.is_http_1_0 = at_[2] == '0';
    at_ += 3;
    if (!take_text("\r\n")) return fail("malformed request line: it must end behind the version of HTTP");
    return reduce_target();
  }

  /// To the path of a target in absolute form, which proxies send.
  bool reduce_target() noexcept {
    if (head_.target.front() == '/' || head_.target == "*") return true;
    constexpr std::string_view kScheme = "http://";
    if (!equals_ignoring_case(head_.target.substr(0, kScheme.size()), kScheme)) {
      return fail("malformed request target: expected a path");
    }
    const std::size_t path = head_.target.find('/', kScheme.size());
    // Without a path it is the root: the scheme's last slash will do, which lies in the same bytes.
    head_.target = path == std::string_view::npos ? head_.target.substr(kScheme.size() - 1, 1)
                                                  : head_.target.substr(path);
    return true;
  }

  bool parse_fields() noexcept {
    while (!take_text("\r\n")) {
      if (at_ == end_) return fail("malformed header: it does not end");
      // A line that begins with a blank would continue the one before it, which readers disagree about.
      const std::string_view name = take(kToken);
      if (name.empty() || !take_text(":")) return fail("malformed header field: expected a name and a colon");
      const std::string_view value = take_value();
      if (!take_text("\r\n")) return fail("malformed header field: a control character in its value");
      if (!use(name, trimmed(value))) return false;
    }
    return at_ == end_ || fail("malformed header: bytes behind its end");
  }

  bool use(std::string_view name, std::string_view value) noexcept {
    // Lengths tell the few names of interest from all others without a comparison.
    switch (name.size()) {
      case 4:
        return !equals_ignoring_case(name, "host") || use_host(value);
      case 6:
        return !equals_ignoring_case(name, "expect") || use_expect(value);
      case 10:
        return !equals_ignoring_case(name, "connection") || use_connection(value);
      case 14:
        return !equals_ignoring_case(name, "content-length") || use_content_length(value);
      case 15:
        if (equals_ignoring_case(name, "accept-encoding")) head_.accept_encoding = value;
        return true;
      case 16:
        return !equals_ignoring_case(name, "content-encoding") || use_content_encoding(value);
      case 17:
        return !equals_ignoring_case(name, "transfer-encoding") || use_transfer_encoding(value);
      case 31:
        return !equals_ignoring_case(name, "inference-header-content-length") || use_inference_header(value);
      default:
        return true;
    }
  }

  bool use_host(std::string_view value) noexcept {
    if (has_host_ && value != host_) return fail("more than one Host");
    has_host_ = true;
    host_ = value;
    return true;
  }

  bool use_expect(std::string_view value) noexcept {
    if (!equals_ignoring_case(value, "100-continue")) return fail("Expect: only 100-continue is known", 417);
    head_.expects_continue = true;
    return true;
  }

  bool use_connection(std::string_view value) noexcept {
    return each_element(value, [this](std::string_view option) {
      closes_ = closes_ || equals_ignoring_case(option, "close");
      keeps_alive_ = keeps_alive_ || equals_ignoring_case(option, "keep-alive");
      return true;
    });
  }

  /// A list of equal lengths is what some proxies make of a repeated field.
  bool use_content_length(std::string_view value) noexcept {
    return each_element(value, [this](std::string_view element) {
      const std::optional<std::uint64_t> length = parse_length(element);
      if (!length) return fail("Content-Length must be a number of bytes");
      if (has_length_ && *length != head_.content_length) return fail("more than one Content-Length");
      has_length_ = true;
      head_.content_length = *length;
      return true;
    });
  }

  bool use_content_encoding(std::string_view value) noexcept {
    if (has_encoding_) return fail("more than one Content-Encoding");
    has_encoding_ = true;
    head_.content_encoding = value;
    return true;
  }

  bool use_transfer_encoding(std::string_view value) noexcept {
    if (is_chunked_ || !equals_ignoring_case(value, "chunked"))
      return fail("Transfer-Encoding: only chunked is known");
    is_chunked_ = true;
    return true;
  }

  bool use_inference_header(std::string_view value) noexcept {
    if (head_.inference_header_content_length) return fail("more than one Inference-Header-Content-Length");
    head_.inference_header_content_length = value;
    return true;
  }

  bool conclude() noexcept {
    if (is_chunked_ && has_length_) return fail("both Content-Length and Transfer-Encoding");
    if (is_chunked_ && head_.is_http_1_0) return fail("Transfer-Encoding in a request of HTTP/1.0");
    if (is_chunked_) head_.framing = BodyFraming::chunked;
    if (has_length_) head_.framing = BodyFraming::length;
    if (head_.is_http_1_0) head_.expects_continue = false;
    head_.keeps_alive = !closes_ && (!head_.is_http_1_0 || keeps_alive_);
    return true;
  }

  const char* at_;
  const char* end_;
  HttpHead& head_;
  HttpFault fault_;
  std::string_view host_;
  bool has_host_ = false;
  bool has_length_ = false;
  bool has_encoding_ = false;
  bool is_chunked_ = false;
  bool closes_ = false;
  bool keeps_alive_ = false;
};

}  // namespace

void HttpHead::rebase(const char* from, const char* to) noexcept {
  const auto moved = [from, to](std::string_view& text) {
    // As numbers: what was at `from` may be gone.
    const auto offset =
        reinterpret_cast<std::uintptr_t>(text.data()) - reinterpret_cast<std::uintptr_t>(from);
    if (text.data() != nullptr) text = {to + offset, text.size()};
  };
  moved(method);
  moved(target);
  moved(content_encoding);
  moved(accept_encoding);
  if (inference_header_content_length) moved(*inference_header_content_length);
}

bool is_token_byte(char byte) noexcept { return is_of(byte, kToken); }

std::optional<HttpFault> parse_http_head(std::string_view text, HttpHead& head) noexcept {
  return HeadParser(text, head).parse();
}

}  // namespace onda::server
