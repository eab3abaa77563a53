#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>

#include "base/descriptor_posix.h"
#include "server/connection_cut.h"

namespace onda::server {
namespace {

struct Close {
  void operator()(DIR* directory) const noexcept { closedir(directory); }
};

using GetName = int (*)(int, sockaddr*, socklen_t*);

/// One end of a socket; 4 or 16 bytes and the port.
struct End {
  unsigned char address[16] = {};
  std::size_t bytes = 0;
  std::uint16_t port = 0;
};

End end_of(int descriptor, GetName get_name) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  End end;
  if (get_name(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return end;
  if (storage.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(storage);
    end.bytes = sizeof(ipv4.sin_addr);
    std::memcpy(end.address, &ipv4.sin_addr, end.bytes);
    end.port = ntohs(ipv4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(storage);
    end.bytes = sizeof(ipv6.sin6_addr);
    std::memcpy(end.address, &ipv6.sin6_addr, end.bytes);
    end.port = ntohs(ipv6.sin6_port);
  }
  return end;
}

/// Whether `peer` is the address. An IPv4 client of a socket for both may be named with the prefix or
/// without.
bool is_at(const End& peer, std::string_view address) noexcept {
  if (peer.bytes == 0 || address.size() > peer.bytes) return false;
  const std::size_t prefix = peer.bytes - address.size();
  if (prefix != 0 &&
      (prefix != 12 || !IN6_IS_ADDR_V4MAPPED(reinterpret_cast<const in6_addr*>(peer.address)))) {
    return false;
  }
  return std::memcmp(peer.address + prefix, address.data(), address.size()) == 0;
}

bool is_connection(int descriptor, const TcpConnection& connection) noexcept {
  const End peer = end_of(descriptor, getpeername);
  return peer.port == connection.peer_port && is_at(peer, connection.peer_address) &&
         end_of(descriptor, getsockname).port == connection.local_port;
}

}  // namespace

bool cut_connection(const TcpConnection& connection) noexcept {
  const std::unique_ptr<DIR, Close> directory(opendir("/proc/self/fd"));
  if (directory == nullptr) return false;
  while (const dirent* const entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    int number = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    if (!is_connection(number, connection)) continue;
    // A duplicate: the number may stand for something else at any time, what it is looked at by must not.
    const base::Descriptor own(fcntl(number, F_DUPFD_CLOEXEC, 0));
    if (!is_connection(own.number(), connection)) continue;
    shutdown(own.number(), SHUT_RDWR);
    return true;
  }
  return false;
}

}  // namespace onda::server
