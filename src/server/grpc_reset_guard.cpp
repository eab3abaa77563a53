#include "server/grpc_reset_guard.h"

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "onda/error.h"
#include "protocol/base64.h"
#include "server/connection_cut.h"

namespace onda::server {
namespace {

/// Instead of a count.
constexpr std::uint64_t kCut = std::numeric_limits<std::uint64_t>::max();

constexpr auto kWindow = std::chrono::seconds(1);

/// As gRPC writes its own figures: flat enough to be searched, and its own words.
class Json {
 public:
  explicit Json(char* text) noexcept : owned_(text), text_(text == nullptr ? "" : text) {}
  /// Borrowed.
  explicit Json(std::string_view text) noexcept : text_(text) {}
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

  /// What follows `key`, up to `end`; empty where there is none.
  [[nodiscard]] std::string_view after(std::string_view key, char end, std::size_t& from) const noexcept {
    const std::size_t at = text_.find(key, from);
    if (at == std::string_view::npos) return {};
    const std::size_t begin = at + key.size();
    from = std::min(text_.find(end, begin), text_.size());
    return text_.substr(begin, from - begin);
  }
  [[nodiscard]] std::string_view after(std::string_view key, char end) const noexcept {
    std::size_t from = 0;
    return after(key, end, from);
  }
  /// 0 where there is none: gRPC leaves out what is 0.
  [[nodiscard]] std::uint64_t number(std::string_view key) const noexcept {
    return number_of(after(key, '"'));
  }

  [[nodiscard]] static std::uint64_t number_of(std::string_view text) noexcept {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

 private:
  struct Free {
    void operator()(char* text) const noexcept { gpr_free(text); }
  };
  std::unique_ptr<char, Free> owned_;
  std::string_view text_;
};

/// Of a server or of a connection.
std::uint64_t lost_of(const Json& figures, std::string_view started, std::string_view succeeded) noexcept {
  const std::uint64_t begun = figures.number(started);
  return begun - std::min(begun, figures.number(succeeded));
}

std::vector<std::intptr_t> connections_of(std::intptr_t server) {
  std::vector<std::intptr_t> ids;
  constexpr std::intptr_t kPage = 500;
  std::size_t before = 0;
  do {
    before = ids.size();
    const std::intptr_t first = ids.empty() ? 0 : ids.back() + 1;
    const Json page(grpc_channelz_get_server_sockets(server, first, kPage));
    std::size_t from = 0;
    for (auto id = page.after("\"socketId\":\"", '"', from); !id.empty();
         id = page.after("\"socketId\":\"", '"', from)) {
      ids.push_back(static_cast<std::intptr_t>(Json::number_of(id)));
    }
  } while (ids.size() - before >= static_cast<std::size_t>(kPage));
  return ids;
}

}  // namespace

GrpcResetGuard::GrpcResetGuard(Limits limits, LogSink log) : limits_(limits), log_(std::move(log)) {}

void GrpcResetGuard::watch_newest_server() {
  for (bool is_more = true; is_more;) {
    const Json servers(grpc_channelz_get_servers(server_ + 1));
    is_more = false;
    std::size_t from = 0;
    for (auto id = servers.after("\"serverId\":\"", '"', from); !id.empty();
         id = servers.after("\"serverId\":\"", '"', from)) {
      server_ = std::max(server_, static_cast<std::intptr_t>(Json::number_of(id)));
      is_more = true;
    }
  }
}

void GrpcResetGuard::look() noexcept {
  const auto now = Clock::now();
  if (now - looked_ < kWindow) return;
  looked_ = now;
  // Calls that failed in another way count too, so this only says whether a look at the connections is worth
  // it.
  const Json server(grpc_channelz_get_server(server_));
  const std::uint64_t lost = lost_of(server, "\"callsStarted\":\"", "\"callsSucceeded\":\"");
  const bool is_suspicious = lost >= lost_calls_ + limits_.lost_streams;
  lost_calls_ = lost;
  if (!is_suspicious) {
    lost_streams_.clear();
    return;
  }
  try {
    look_at_connections();
  } catch (const std::exception&) {
    // Without memory for it, the next look has to do.
    lost_streams_.clear();
  }
}

void GrpcResetGuard::look_at_connections() {
  std::unordered_map<std::intptr_t, std::uint64_t> before;
  before.swap(lost_streams_);
  for (const std::intptr_t id : connections_of(server_)) {
    const auto found = before.find(id);
    if (found != before.end() && found->second == kCut) {
      // gRPC has yet to notice.
      lost_streams_[id] = kCut;
      continue;
    }
    const Json connection(grpc_channelz_get_socket(id));
    const std::uint64_t lost = lost_of(connection, "\"streamsStarted\":\"", "\"streamsSucceeded\":\"");
    lost_streams_[id] = lost;
    // What it has lost in all its life before says nothing.
    if (found == before.end() || lost < found->second + limits_.lost_streams) continue;
    if (cut(connection.text(), lost - found->second)) lost_streams_[id] = kCut;
  }
}

bool GrpcResetGuard::cut(std::string_view figures, std::uint64_t lost) {
  const Json connection(figures);
  std::size_t from = 0;
  TcpConnection ends;
  static_cast<void>(connection.after("\"local\":{\"tcpip_address\":", ',', from));
  ends.local_port = static_cast<std::uint16_t>(Json::number_of(connection.after("\"port\":", '}', from)));
  static_cast<void>(connection.after("\"remote\":{\"tcpip_address\":", ':', from));
  const std::string address = protocol::decode_base64(connection.after("\"", '"', from), 16);
  ends.peer_address = address;
  ends.peer_port = static_cast<std::uint16_t>(Json::number_of(connection.after("\"port\":", '}', from)));
  if (!cut_connection(ends)) return false;
  ++cuts_;
  if (log_) {
    log_(LogLevel::warning, "a gRPC connection was cut: it has reset " + std::to_string(lost) +
                                " streams in a second; peer " +
                                std::string(connection.after("\"name\":\"chttp2 ", '"')));
  }
  return true;
}

}  // namespace onda::server
