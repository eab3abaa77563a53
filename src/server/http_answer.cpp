#include "server/http_answer.h"

#include <array>
#include <charconv>

namespace onda::server {
namespace {

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::size_t HttpAnswer::body_bytes() const noexcept {
  std::size_t bytes = head.size();
  for (const auto& part : parts) bytes += part.size();
  return bytes;
}

HttpAnswer answer_of(const protocol::RestResponse& response) noexcept {
  return {.status = response.status,
          .content_type = response.content_type,
          .headers = response.headers,
          .head = response.body};
}

void write_answer_head(const HttpAnswer& answer, ConnectionFate fate, std::string& out) {
  out.clear();
  if (answer.status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::size_t>(answer.status));
    out.append(" ").append(reason_phrase(answer.status)).append("\r\n");
  }
  append_field(out, "Content-Type", answer.content_type);
  if (!answer.content_encoding.empty()) append_field(out, "Content-Encoding", answer.content_encoding);
  if (answer.json_bytes) {
    out.append("Inference-Header-Content-Length: ");
    append_number(out, *answer.json_bytes);
    out.append("\r\n");
  }
  for (const auto& [name, value] : answer.headers) append_field(out, name, value);
  if (!fate.keeps_alive) {
    out.append("Connection: close\r\n");
  } else if (fate.is_http_1_0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("Content-Length: ");
  append_number(out, answer.body_bytes());
  out.append("\r\n\r\n");
}

}  // namespace onda::server
