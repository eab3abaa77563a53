#pragma once

#include <cstddef>
#include <span>

namespace onda::server {

/// What came of a read or a write that does not wait.
struct SocketResult {
  enum class State {
    done,         ///< `bytes` were moved; none read: the peer sends nothing more
    would_block,  ///< nothing yet
    failed        ///< the connection is gone
  };
  State state = State::done;
  std::size_t bytes = 0;
};

/// Owns a connected or listening socket. No call waits.
class Socket {
 public:
  Socket() noexcept = default;
  explicit Socket(int number) noexcept : number_(number) {}
  Socket(Socket&& other) noexcept : number_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int number() const noexcept { return number_; }
  void close() noexcept;

  [[nodiscard]] SocketResult read(std::span<char> into) noexcept;
  /// The pieces, one after the other; fewer bytes than there are where the peer is slow.
  [[nodiscard]] SocketResult write(std::span<const std::span<const std::byte>> pieces) noexcept;
  /// The peer is told that nothing more comes; it may still send.
  void end_sending() noexcept;

 private:
  int release() noexcept;

  int number_ = -1;
};

}  // namespace onda::server
