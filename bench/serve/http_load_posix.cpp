#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "bench/serve/http_load.h"
#include "bench/serve/loopback.h"

namespace onda::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBroken = 0;

/// The value of a header, whatever the case of its name; empty where it is not there.
std::string_view header_value(std::string_view head, std::string_view name) {
  const auto same_letter = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;
       line = head.find("\r\n", line + 2)) {
    const std::string_view rest = head.substr(line + 2);
    if (rest.size() <= name.size() || rest[name.size()] != ':') continue;
    if (!std::equal(name.begin(), name.end(), rest.begin(), same_letter)) continue;
    auto value = rest.substr(name.size() + 1);
    value = value.substr(0, value.find("\r\n"));
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return value;
  }
  return {};
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || text.empty()) {
    throw std::runtime_error("an answer has a length that is no number: \"" + std::string(text) + '"');
  }
  return value;
}

/// A kept connection with at most one request under way. Sends and receives without waiting.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : port_(port), socket_(connect_to(port)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(socket_); }

  [[nodiscard]] int socket() const { return socket_; }
  /// Answered, and all of the request has left: an answer may come before.
  [[nodiscard]] bool is_free() const { return is_answered_ && unsent_ == 0; }
  [[nodiscard]] bool is_sending() const { return unsent_ > 0; }
  [[nodiscard]] Clock::time_point due() const { return due_; }
  [[nodiscard]] std::string_view body() const { return std::string_view(received_).substr(head_); }

  /// `request` must live until the answer is there.
  void start(std::string_view request, Clock::time_point due) {
    request_ = request;
    unsent_ = request.size();
    due_ = due;
    is_answered_ = false;
    received_.clear();
    head_ = 0;
    send_more();
  }

  /// As much as the socket takes.
  void send_more() {
    while (unsent_ > 0) {
      const auto rest = request_.substr(request_.size() - unsent_);
      const ssize_t sent = send(socket_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      // What is wrong with the connection is seen where the answer is read.
      if (sent < 0) return;
      unsent_ -= static_cast<std::size_t>(sent);
    }
  }

  /// The status, once the whole answer is there; kBroken where the server has closed the connection before
  /// that.
  std::optional<int> receive_more() {
    for (;;) {
      const ssize_t got = recv(socket_, buffer().data(), buffer().size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return std::nullopt;
      if (got <= 0) return ended();
      received_.append(buffer().data(), static_cast<std::size_t>(got));
      if (is_answered_) throw std::runtime_error("the server has sent more than an answer");
      if (has_whole_answer()) {
        is_answered_ = true;
        return status_;
      }
    }
  }

  /// Whether the socket has been replaced by a new one since this was last called.
  bool take_reconnected() { return std::exchange(is_reconnected_, false); }

 private:
  static std::array<char, 65536>& buffer() {
    thread_local std::array<char, 65536> bytes;
    return bytes;
  }

  std::optional<int> ended() {
    close(socket_);
    socket_ = connect_to(port_);
    is_reconnected_ = true;
    unsent_ = 0;
    if (is_answered_) return std::nullopt;
    is_answered_ = true;
    return kBroken;
  }

  bool has_whole_answer() {
    if (head_ == 0) {
      const auto end = received_.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      head_ = end + 4;
      const auto head = std::string_view(received_).substr(0, head_ - 2);
      status_ = static_cast<int>(number(head.substr(9, 3)));
      const auto length = header_value(head, "content-length");
      if (length.empty()) throw std::runtime_error("an answer has no Content-Length");
      length_ = number(length);
    }
    return received_.size() >= head_ + length_;
  }

  std::uint16_t port_;
  int socket_;
  bool is_reconnected_ = false;
  bool is_answered_ = true;
  std::string_view request_;
  std::size_t unsent_ = 0;
  Clock::time_point due_;
  std::string received_;
  std::size_t head_ = 0;
  std::size_t length_ = 0;
  int status_ = 0;
};

/// All connections and what waits for them.
class Connections {
 public:
  Connections(std::uint16_t port, std::size_t count) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < count; ++i) {
      all_.push_back(std::make_unique<Connection>(port));
      free_.push_back(all_.back().get());
      watch(*all_.back(), EPOLL_CTL_ADD);
    }
  }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections() { close(epoll_); }

  [[nodiscard]] bool has_free() const { return !free_.empty(); }
  [[nodiscard]] std::size_t busy() const { return all_.size() - free_.size(); }

  void start(std::string_view request, Clock::time_point due) {
    Connection& connection = *free_.back();
    free_.pop_back();
    connection.start(request, due);
    if (connection.is_sending()) watch(connection, EPOLL_CTL_MOD);
  }

  /// Waits for something to happen, until `limit` at most. Calls `answered(connection, status)` for each
  /// answer.
  template <class Answered>
  void wait(Clock::time_point limit, Answered answered) {
    const auto left = std::max(limit - Clock::now(), Clock::duration(0));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{.tv_sec = seconds.count(),
                           .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
    std::array<epoll_event, 64> events;
    const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      handle(*static_cast<Connection*>(event.data.ptr), event.events, answered);
    }
  }

 private:
  template <class Answered>
  void handle(Connection& connection, std::uint32_t events, Answered answered) {
    const bool was_free = connection.is_free();
    const bool was_sending = connection.is_sending();
    if (was_sending) connection.send_more();
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
      if (const auto status = connection.receive_more()) answered(connection, *status);
    }
    if (connection.take_reconnected()) {
      watch(connection, EPOLL_CTL_ADD);
    } else if (was_sending != connection.is_sending()) {
      watch(connection, EPOLL_CTL_MOD);
    }
    if (!was_free && connection.is_free()) free_.push_back(&connection);
  }

  void watch(Connection& connection, int operation) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (connection.is_sending()) event.events |= static_cast<std::uint32_t>(EPOLLOUT);
    event.data.ptr = &connection;
    if (epoll_ctl(epoll_, operation, connection.socket(), &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  int epoll_;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> free_;
};

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

Clock::time_point after(Clock::time_point start, double seconds) {
  return start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

constexpr double kLongestWaitS = 60;

void require_progress(Clock::time_point last) {
  if (seconds_between(last, Clock::now()) > kLongestWaitS) throw std::runtime_error("no answer for a minute");
}

}  // namespace

double LoadResult::per_second() const { return completed / seconds; }

std::vector<double> LoadResult::latencies_ms(int status) const {
  std::vector<double> latencies;
  for (const Answered& answer : answers) {
    if (answer.status == status) latencies.push_back(answer.latency_ms);
  }
  std::ranges::sort(latencies);
  return latencies;
}

void LoadResult::require_success() const {
  const auto other =
      std::ranges::find_if(answers, [](const Answered& answer) { return answer.status != 200; });
  if (other != answers.end()) {
    throw std::runtime_error("a request was answered with status " + std::to_string(other->status));
  }
  if (answers.empty()) throw std::runtime_error("no request was answered");
}

double percentile(const std::vector<double>& ascending, double share) {
  if (ascending.empty()) return 0;
  const auto rank = std::ceil(share * static_cast<double>(ascending.size()));
  return ascending[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

LoadResult run_closed_loop(std::uint16_t port, const std::string& request, std::size_t connections,
                           double seconds, double warm_up_s) {
  Connections all(port, connections);
  const auto start = Clock::now();
  const auto counted_from = after(start, warm_up_s);
  const auto end = after(counted_from, seconds);
  LoadResult result;
  result.seconds = seconds;
  auto last_answer = start;
  for (;;) {
    const auto now = Clock::now();
    while (now < end && all.has_free()) all.start(request, Clock::now());
    if (all.busy() == 0) return result;
    require_progress(last_answer);
    all.wait(after(last_answer, kLongestWaitS), [&](const Connection& connection, int status) {
      last_answer = Clock::now();
      const double latency_s = seconds_between(connection.due(), last_answer);
      const double within_s =
          seconds_between(std::max(connection.due(), counted_from), std::min(last_answer, end));
      if (within_s <= 0) return;
      if (status == 200) result.completed += within_s / latency_s;
      result.answers.push_back({status, seconds_between(start, connection.due()), latency_s * 1e3});
    });
  }
}

LoadResult run_one_by_one(std::uint16_t port, const std::string& request, std::size_t count) {
  Connections connection(port, 1);
  LoadResult result;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    const auto sent = Clock::now();
    connection.start(request, sent);
    while (connection.busy() > 0) {
      require_progress(sent);
      connection.wait(after(sent, kLongestWaitS), [&](const Connection&, int status) {
        result.answers.push_back(
            {status, seconds_between(start, sent), seconds_between(sent, Clock::now()) * 1e3});
      });
    }
  }
  result.seconds = seconds_between(start, Clock::now());
  result.completed = static_cast<double>(std::ranges::count(result.answers, 200, &Answered::status));
  return result;
}

LoadResult run_open_loop(std::uint16_t port, const std::string& request, const std::vector<double>& due_s,
                         std::size_t connections) {
  Connections all(port, connections);
  LoadResult result;
  const auto start = Clock::now();
  auto last_event = start;
  for (std::size_t next = 0; next < due_s.size() || all.busy() > 0;) {
    while (next < due_s.size() && all.has_free() && after(start, due_s[next]) <= Clock::now()) {
      all.start(request, after(start, due_s[next++]));
      last_event = Clock::now();
    }
    const bool may_send = next < due_s.size() && all.has_free();
    if (!may_send) require_progress(last_event);
    all.wait(may_send ? after(start, due_s[next]) : after(last_event, kLongestWaitS),
             [&](const Connection& connection, int status) {
               last_event = Clock::now();
               result.answers.push_back({status, seconds_between(start, connection.due()),
                                         seconds_between(connection.due(), last_event) * 1e3});
             });
  }
  result.seconds = due_s.empty() ? 0 : due_s.back();
  result.completed = static_cast<double>(std::ranges::count(result.answers, 200, &Answered::status));
  return result;
}

std::string fetch_once(std::uint16_t port, const std::string& request) {
  Connections connection(port, 1);
  const auto sent = Clock::now();
  connection.start(request, sent);
  std::string body;
  while (connection.busy() > 0) {
    require_progress(sent);
    connection.wait(after(sent, kLongestWaitS), [&](const Connection& answered, int status) {
      body = answered.body();
      if (status != 200) throw std::runtime_error("status " + std::to_string(status) + ": " + body);
    });
  }
  return body;
}

}  // namespace onda::bench
