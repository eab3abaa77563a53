#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace onda::test {

/// An answer as it came over the wire.
struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> fields;  ///< by name in lower case
  std::string body;

  [[nodiscard]] std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

/// A client that says exactly the bytes that it is told, over a blocking socket. A wait that does not end
/// fails the test after a while.
class HttpClient {
 public:
  explicit HttpClient(const std::string& address) {
    if (address.starts_with('/')) {
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      address.copy(to.sun_path, sizeof to.sun_path - 1);
      connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&to), sizeof to);
      return;
    }
    const std::size_t colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    connect_to(AF_INET, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  HttpClient(HttpClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), read_(std::move(other.read_)) {}
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient() { close(); }

  /// False where the server has closed.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// The next answer, interim ones too; of one to HEAD there is no body.
  HttpResponse read_response(bool is_to_head = false) {
    const std::size_t end = read_until("\r\n\r\n");
    HttpResponse response;
    const std::string head = take(end + 4);
    response.status = std::stoi(head.substr(9, 3));
    for (std::size_t at = head.find("\r\n") + 2; at < head.size() - 2;) {
      const std::size_t line_end = head.find("\r\n", at);
      const std::size_t colon = head.find(": ", at);
      std::string name = head.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      response.fields[name] = head.substr(colon + 2, line_end - colon - 2);
      at = line_end + 2;
    }
    const bool has_body = response.status >= 200 && !is_to_head;
    if (!has_body) return response;
    if (!response.fields.contains("content-length")) throw std::runtime_error("an answer without its length");
    const std::size_t length = std::stoul(response.field("content-length"));
    while (read_.size() < length) {
      if (!read_more()) throw std::runtime_error("the answer is cut short");
    }
    response.body = take(length);
    return response;
  }

  HttpResponse request(std::string_view text) {
    send(text);
    return read_response();
  }

  /// Whether the server ends the connection, without a byte more.
  bool is_closed() {
    if (!read_.empty()) return false;
    return !read_more();
  }

  void end_sending() { shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  /// As a process that is killed with unread data, or a network that breaks.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

 private:
  void connect_to(int family, const sockaddr* address, socklen_t length) {
    socket_ = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(socket_, address, length) != 0) throw std::runtime_error("cannot connect");
  }

  std::size_t read_until(std::string_view end) {
    for (;;) {
      const std::size_t found = read_.find(end);
      if (found != std::string::npos) return found;
      if (!read_more()) throw std::runtime_error("the connection ended before an answer; read: " + read_);
    }
  }
  /// False at the end of the connection.
  bool read_more() {
    char bytes[65536];
    const ssize_t count = recv(socket_, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) throw std::runtime_error("the server says nothing");
    if (count <= 0) return false;
    read_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  std::string take(std::size_t bytes) {
    std::string taken = read_.substr(0, bytes);
    read_.erase(0, bytes);
    return taken;
  }

  int socket_ = -1;
  std::string read_;
};

}  // namespace onda::test
