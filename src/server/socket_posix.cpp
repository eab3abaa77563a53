#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "server/socket.h"

namespace onda::server {
namespace {

/// Of one call: the rest is sent by the next.
constexpr std::size_t kPiecesACall = 64;

SocketResult result_of(ssize_t moved) noexcept {
  if (moved >= 0) return {SocketResult::State::done, static_cast<std::size_t>(moved)};
  const bool is_to_wait = errno == EAGAIN || errno == EWOULDBLOCK;
  return {is_to_wait ? SocketResult::State::would_block : SocketResult::State::failed, 0};
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    number_ = other.release();
  }
  return *this;
}

int Socket::release() noexcept { return std::exchange(number_, -1); }

void Socket::close() noexcept {
  if (is_open()) ::close(release());
}

SocketResult Socket::read(std::span<char> into) noexcept {
  for (;;) {
    const ssize_t count = recv(number_, into.data(), into.size(), 0);
    if (count >= 0 || errno != EINTR) return result_of(count);
  }
}

SocketResult Socket::write(std::span<const std::span<const std::byte>> pieces) noexcept {
  std::array<iovec, kPiecesACall> vectors;
  const std::size_t count = std::min(pieces.size(), vectors.size());
  for (std::size_t i = 0; i < count; ++i) {
    // It is not written to.
    vectors[i] = {const_cast<std::byte*>(pieces[i].data()), pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const int flags = MSG_NOSIGNAL | (count < pieces.size() ? MSG_MORE : 0);
  for (;;) {
    const ssize_t sent = sendmsg(number_, &message, flags);
    if (sent >= 0 || errno != EINTR) return result_of(sent);
  }
}

void Socket::end_sending() noexcept { shutdown(number_, SHUT_WR); }

}  // namespace onda::server
