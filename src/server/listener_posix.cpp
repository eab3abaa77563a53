#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "onda/error.h"
#include "server/listener.h"

namespace onda::server {
namespace {

constexpr int kBacklog = 4096;  // the system cuts it to what it allows

Error listen_error(int number, const std::string& where) {
  const std::string message = "cannot listen at " + where + ": " + std::generic_category().message(number);
  switch (number) {
    case EADDRINUSE:
      return Error(ErrorCode::already_exists,
                   message + "; another program has it: give another port, or 0 for a free one");
    case EACCES:
    case EPERM:
      return Error(ErrorCode::permission_denied, message);
    case EADDRNOTAVAIL:
      return Error(ErrorCode::invalid_argument,
                   message + "; give an address of this machine, or 0.0.0.0 for all");
    default:
      return Error(ErrorCode::unavailable, message);
  }
}

std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
  inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(v4.sin_port));
}

bool is_loopback(const sockaddr_storage& address) noexcept {
  constexpr unsigned kLoopbackNet = 127;
  if (address.ss_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == kLoopbackNet;
  }
  if (address.ss_family != AF_INET6) return false;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == kLoopbackNet);
}

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

Socket open_listening(const sockaddr* address, socklen_t length, const std::string& where) {
  Socket socket(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) throw listen_error(errno, where);
  // Connections of a server that has just ended must not keep the next from its port.
  const int on = 1;
  if (address->sa_family != AF_UNIX) setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(socket.number(), address, length) != 0 || listen(socket.number(), kBacklog) != 0) {
    throw listen_error(errno, where);
  }
  return socket;
}

sockaddr_un unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.empty() || text.size() >= sizeof address.sun_path) {
    throw Error(ErrorCode::invalid_argument, "cannot listen at \"" + text +
                                                 "\": a Unix socket's path has 1 to " +
                                                 std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

/// What a server that was killed has left behind keeps the next from its path.
void remove_stale_socket(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int connected = connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected != 0 && errno == ECONNREFUSED) unlink(path.c_str());
}

}  // namespace

Listener::Listener(Socket socket, std::string address, std::filesystem::path path) noexcept
    : socket_(std::move(socket)), address_(std::move(address)), path_(std::move(path)) {}

Listener::Listener(Listener&& other) noexcept
    : socket_(std::move(other.socket_)),
      address_(std::move(other.address_)),
      path_(std::exchange(other.path_, {})) {}

Listener::~Listener() {
  if (!path_.empty()) unlink(path_.c_str());
}

Listener Listener::at_port(const std::string& host, std::uint16_t port) {
  const std::string where = host + ":" + std::to_string(port);
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  const int failed = getaddrinfo(host.empty() ? nullptr : host.c_str(), service.c_str(), &wanted, &found);
  if (failed != 0) {
    throw Error(ErrorCode::invalid_argument, "cannot listen at " + where + ": " + gai_strerror(failed) +
                                                 "; give an address of this machine, or 0.0.0.0 for all");
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  Socket socket = open_listening(found->ai_addr, found->ai_addrlen, where);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (getsockname(socket.number(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
    throw listen_error(errno, where);
  }
  return {std::move(socket), address_text(bound), {}};
}

Listener Listener::at_path(const std::filesystem::path& path) {
  const sockaddr_un address = unix_address(path);
  remove_stale_socket(path, address);
  Socket socket = open_listening(reinterpret_cast<const sockaddr*>(&address), sizeof address, path.string());
  return {std::move(socket), path.string(), path};
}

Listener::Accepted Listener::accept(AcceptedConnection& connection) noexcept {
  for (;;) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int number =
        accept4(socket_.number(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (number >= 0) {
      connection.socket = Socket(number);
      connection.is_local_peer = !path_.empty() || is_loopback(peer);
      // An answer is one write: waiting for more of it would only delay it.
      const int on = 1;
      if (path_.empty()) setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return Accepted::connection;
    }
    switch (errno) {
      case EAGAIN:
        return Accepted::none;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return Accepted::exhausted;
      case EBADF:
      case EINVAL:
      case ENOTSOCK:
      case EOPNOTSUPP:
        return Accepted::none;
      default:
        // The connection was over before it was taken, or the network has told of an error: on to the next.
        break;
    }
  }
}

}  // namespace onda::server
