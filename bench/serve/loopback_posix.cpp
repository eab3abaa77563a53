#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include "bench/serve/loopback.h"

namespace onda::bench {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int new_socket() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) throw std::system_error(errno, std::generic_category(), "socket");
  return socket;
}

/// -1 where nobody listens.
int try_to_connect(std::uint16_t port) {
  const int socket = new_socket();
  const sockaddr_in address = loopback(port);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(socket);
    return -1;
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

std::uint16_t free_port() {
  const int socket = new_socket();
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool found = bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(socket);
  if (!found) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

int connect_to(std::uint16_t port) {
  const int socket = try_to_connect(port);
  if (socket < 0) throw std::runtime_error("nobody listens on port " + std::to_string(port));
  return socket;
}

bool accepts_connections(std::uint16_t port) {
  const int socket = try_to_connect(port);
  if (socket >= 0) close(socket);
  return socket >= 0;
}

}  // namespace onda::bench
