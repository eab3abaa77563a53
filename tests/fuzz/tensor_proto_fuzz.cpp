#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "onda/error.h"
#include "same_tensor.h"
#include "tensor/tensor_proto.h"

/// What is read of a TensorProto comes back from what is written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  onda::tensor::NamedTensorProto read;
  try {
    read = onda::tensor::read_tensor_proto(std::as_bytes(std::span(data, size)));
  } catch (const onda::Error&) {
    return 0;
  }
  const auto again =
      onda::tensor::read_tensor_proto(onda::tensor::write_tensor_proto(read.tensor, read.name));
  if (again.name != read.name || !onda::fuzz::same_tensor(again.tensor, read.tensor)) std::abort();
  return 0;
}
