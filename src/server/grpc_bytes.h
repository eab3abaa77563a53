#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/grpc_encode.h"
#include "protocol/grpc_wire.h"

namespace onda::server {

/// A message that came, in the slices that gRPC has read it into.
class GrpcMessage {
 public:
  /// Takes over the bytes; `buffer` is empty then. Throws data_loss for what cannot be decompressed.
  void take(grpc::ByteBuffer& buffer);
  /// Valid until the next call.
  [[nodiscard]] protocol::Slices slices() const noexcept { return slices_; }
  /// Gives the slices back.
  void clear() noexcept;

 private:
  std::vector<grpc::Slice> held_;
  std::vector<std::span<const std::byte>> slices_;
};

/// The answer to send. Outputs are not copied: `hold` lives until gRPC has let go of the buffer.
[[nodiscard]] grpc::ByteBuffer buffer_of(const protocol::GrpcAnswer& answer,
                                         const std::shared_ptr<const void>& hold);
[[nodiscard]] grpc::ByteBuffer buffer_of(std::string_view bytes);

}  // namespace onda::server
