#include "server/response_writer.h"

namespace onda::server {

void ResponseWriter::clear() noexcept {
  pieces_.clear();
  first_ = 0;
  sent_bytes_ = 0;
}

void ResponseWriter::add(std::span<const std::byte> piece) {
  if (!piece.empty()) pieces_.push_back(piece);
}

ResponseWriter::State ResponseWriter::send(Socket& socket) noexcept {
  while (first_ < pieces_.size()) {
    const SocketResult result = socket.write(std::span(pieces_).subspan(first_));
    if (result.state == SocketResult::State::failed) return State::failed;
    if (result.state == SocketResult::State::would_block) return State::blocked;
    advance(result.bytes);
  }
  return State::sent;
}

void ResponseWriter::advance(std::size_t bytes) noexcept {
  sent_bytes_ += bytes;
  while (bytes > 0) {
    std::span<const std::byte>& piece = pieces_[first_];
    if (bytes < piece.size()) {
      piece = piece.subspan(bytes);
      return;
    }
    bytes -= piece.size();
    ++first_;
  }
}

}  // namespace onda::server
