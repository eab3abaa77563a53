#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "server/socket.h"

namespace onda::server {

/// A connection that a client has made.
struct AcceptedConnection {
  Socket socket;
  /// From this machine: over the loopback interface or a Unix socket.
  bool is_local_peer = false;
};

/// A socket that takes connections. Not safe from several threads.
class Listener {
 public:
  enum class Accepted {
    connection,
    none,      ///< for now
    exhausted  ///< there is one, and the process or the system has no descriptor or memory left for it
  };

  /// At an address or a name of this machine; port 0 takes a free one. Throws invalid_argument for a host
  /// that is none of this machine's, already_exists for a port that is taken, permission_denied, unavailable.
  static Listener at_port(const std::string& host, std::uint16_t port);
  /// At a path of the file system. A socket that nobody listens at is replaced. Throws as `at_port`.
  static Listener at_path(const std::filesystem::path& path);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) = delete;
  ~Listener();

  [[nodiscard]] Accepted accept(AcceptedConnection& connection) noexcept;

  [[nodiscard]] int number() const noexcept { return socket_.number(); }
  /// "127.0.0.1:8000", "[::1]:8000", or the path.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

 private:
  Listener(Socket socket, std::string address, std::filesystem::path path) noexcept;

  Socket socket_;
  std::string address_;
  std::filesystem::path path_;  // removed at the end; empty for a port
};

}  // namespace onda::server
