#pragma once

#include <cstdint>

namespace onda::bench {

/// A TCP port of 127.0.0.1 that nobody listened on a moment ago.
[[nodiscard]] std::uint16_t free_port();

/// A connected socket to 127.0.0.1 that does not wait before it sends little. The caller closes it. Throws
/// std::runtime_error where nobody listens.
[[nodiscard]] int connect_to(std::uint16_t port);

[[nodiscard]] bool accepts_connections(std::uint16_t port);

}  // namespace onda::bench
