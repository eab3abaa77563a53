#include "server/grpc_peer.h"

namespace onda::server {
namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

bool is_local_grpc_peer(std::string_view peer) noexcept {
  if (peer.starts_with("unix:") || peer.starts_with("unix-abstract:")) return true;
  if (take_prefix(peer, "ipv4:")) return peer.starts_with("127.");
  if (!take_prefix(peer, "ipv6:")) return false;
  // gRPC 1.51 writes the brackets as in a URI.
  if (!take_prefix(peer, "%5B") && !take_prefix(peer, "[")) return false;
  if (take_prefix(peer, "::1")) return peer.starts_with("%5D") || peer.starts_with("]");
  return peer.starts_with("::ffff:127.");
}

}  // namespace onda::server
