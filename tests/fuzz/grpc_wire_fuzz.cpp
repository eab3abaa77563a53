#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "onda/error.h"
#include "protocol/grpc_infer.h"
#include "protocol/grpc_reference.h"
#include "protocol/grpc_service.pb.h"

namespace {

using onda::protocol::GrpcInferReader;

std::optional<onda::test::ReferenceInference> read(std::span<const std::byte> message,
                                                   std::size_t slice_bytes) {
  std::vector<std::span<const std::byte>> slices;
  for (std::size_t at = 0; at < message.size(); at += slice_bytes) {
    slices.push_back(message.subspan(at, std::min(slice_bytes, message.size() - at)));
  }
  static const onda::serving::SharedMemoryRegions none(false);
  onda::protocol::DecodedInference inference;
  GrpcInferReader reader;
  try {
    reader.open(slices, inference);
    reader.decode(none);
    return onda::test::described(inference);
  } catch (const onda::Error&) {
    return std::nullopt;
  }
}

/// The reader's own bounds: groups, and tensors that no model has.
bool is_beyond_bounds(std::span<const std::byte> message) {
  return message.size() > GrpcInferReader::kMostTensors || std::ranges::count_if(message, [](std::byte byte) {
                                                             return (byte & std::byte{7}) == std::byte{3};
                                                           }) > 64;
}

}  // namespace

// The first byte says how the rest, a ModelInferRequest, is sliced. The reader takes and refuses what
// protobuf and the plain reading of the rules do, and understands the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto message = std::as_bytes(std::span(data + 1, size - 1));
  const auto decoded = read(message, 1 + data[0] % 64);
  if (is_beyond_bounds(message)) return 0;
  inference::ModelInferRequest request;
  std::optional<onda::test::ReferenceInference> expected;
  if (request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    expected = onda::test::reference_inference(request);
  }
  if (decoded != expected) std::abort();
  return 0;
}
