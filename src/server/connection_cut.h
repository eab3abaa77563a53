#pragma once

#include <cstdint>
#include <string_view>

namespace onda::server {

/// The ends of a connection over TCP.
struct TcpConnection {
  /// 4 or 16 bytes, as they are on the wire.
  std::string_view peer_address;
  std::uint16_t peer_port = 0;
  std::uint16_t local_port = 0;
};

/// Ends both directions of one of this process's connections, whoever owns its descriptor: the owner is told
/// as if the peer had gone. False where there is none.
bool cut_connection(const TcpConnection& connection) noexcept;

}  // namespace onda::server
