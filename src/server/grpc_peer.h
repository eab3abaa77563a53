#pragma once

#include <string_view>

namespace onda::server {

/// Whether gRPC's name of a peer is that of one on this machine: of the loopback interface or a Unix socket.
[[nodiscard]] bool is_local_grpc_peer(std::string_view peer) noexcept;

}  // namespace onda::server
