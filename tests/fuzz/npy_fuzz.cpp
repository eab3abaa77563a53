#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "onda/error.h"
#include "same_tensor.h"
#include "tensor/npy.h"

/// What is read of an .npy file comes back from what is written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  onda::Tensor tensor;
  std::vector<std::byte> written;
  try {
    tensor = onda::tensor::read_npy(std::as_bytes(std::span(data, size)));
    written = onda::tensor::write_npy(tensor);
  } catch (const onda::Error&) {
    return 0;
  }
  if (!onda::fuzz::same_tensor(onda::tensor::read_npy(written), tensor)) std::abort();
  return 0;
}
