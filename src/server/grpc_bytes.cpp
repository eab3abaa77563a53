#include "server/grpc_bytes.h"

#include <cstring>
#include <utility>

#include "onda/error.h"

namespace onda::server {
namespace {

using Hold = std::shared_ptr<const void>;
using Pieces = std::span<const protocol::GrpcAnswer::Piece>;

/// Pieces that were written for this answer, together in a slice.
grpc::Slice slice_of(Pieces pieces) {
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.bytes.size();
  const grpc_slice slice = grpc_slice_malloc(size);
  auto* at = const_cast<std::uint8_t*>(GRPC_SLICE_START_PTR(slice));
  for (const auto& piece : pieces) {
    std::memcpy(at, piece.bytes.data(), piece.bytes.size());
    at += piece.bytes.size();
  }
  return {slice, grpc::Slice::STEAL_REF};
}

void let_go(void* hold) { std::unique_ptr<Hold>(static_cast<Hold*>(hold)).reset(); }

grpc::Slice slice_of(std::span<const std::byte> output, const Hold& hold) {
  // gRPC reads it alone.
  auto* const bytes = const_cast<std::byte*>(output.data());
  return {bytes, output.size(), let_go, std::make_unique<Hold>(hold).release()};
}

}  // namespace

void GrpcMessage::take(grpc::ByteBuffer& buffer) {
  clear();
  if (!buffer.Valid()) return;
  const grpc::Status status = buffer.Dump(&held_);
  buffer.Clear();
  if (!status.ok())
    throw Error(ErrorCode::data_loss, "the message cannot be read: " + status.error_message());
  slices_.reserve(held_.size());
  for (const grpc::Slice& slice : held_) {
    slices_.push_back(std::as_bytes(std::span(slice.begin(), slice.size())));
  }
}

void GrpcMessage::clear() noexcept {
  slices_.clear();
  held_.clear();
}

grpc::ByteBuffer buffer_of(const protocol::GrpcAnswer& answer, const Hold& hold) {
  std::vector<grpc::Slice> slices;
  const Pieces pieces = answer.pieces;
  for (std::size_t begin = 0; begin < pieces.size();) {
    if (pieces[begin].is_output) {
      slices.push_back(slice_of(pieces[begin++].bytes, hold));
      continue;
    }
    std::size_t end = begin;
    while (end < pieces.size() && !pieces[end].is_output) ++end;
    slices.push_back(slice_of(pieces.subspan(begin, end - begin)));
    begin = end;
  }
  return {slices.data(), slices.size()};
}

grpc::ByteBuffer buffer_of(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return {&slice, 1};
}

}  // namespace onda::server
