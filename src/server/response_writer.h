#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "server/socket.h"

namespace onda::server {

/// Sends one answer, however slowly the peer takes it. Reused from answer to answer.
class ResponseWriter {
 public:
  enum class State {
    sent,
    blocked,  ///< go on when the socket may be written to
    failed    ///< the connection is gone
  };

  /// What was there is forgotten.
  void clear() noexcept;
  /// Sent behind what was added before; borrowed until all is sent.
  void add(std::span<const std::byte> piece);

  /// Sends what can be sent without waiting.
  [[nodiscard]] State send(Socket& socket) noexcept;

  /// Since `clear`.
  [[nodiscard]] std::size_t sent_bytes() const noexcept { return sent_bytes_; }

 private:
  void advance(std::size_t bytes) noexcept;

  std::vector<std::span<const std::byte>> pieces_;  // none is empty
  std::size_t first_ = 0;                           // the first that is not sent
  std::size_t sent_bytes_ = 0;
};

}  // namespace onda::server
