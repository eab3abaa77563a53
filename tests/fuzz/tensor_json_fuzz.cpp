#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "cli/tensor_json.h"
#include "onda/error.h"

namespace {

constexpr onda::DType kDTypes[] = {onda::DType::float32, onda::DType::int4,      onda::DType::boolean,
                                   onda::DType::string,  onda::DType::complex64, onda::DType::float16};

}  // namespace

/// The first byte chooses the dtype that the model declares; the rest is the text. What is read must come
/// back from what is written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = std::as_bytes(std::span(data, size)).subspan(1);
  const std::size_t choice = data[0] % (std::size(kDTypes) + 1);
  std::optional<onda::DType> declared;
  if (choice < std::size(kDTypes)) declared = kDTypes[choice];
  onda::Tensor tensor;
  try {
    tensor = onda::cli::read_tensor_json(text, declared);
  } catch (const onda::Error&) {
    return 0;
  }
  onda::cli::JsonWriter json;
  onda::cli::write_tensor_json(json, "", tensor);
  const std::string written = json.finish();
  const auto again = onda::cli::read_tensor_json(std::as_bytes(std::span(written)), tensor.dtype());
  if (!(again.shape() == tensor.shape())) std::abort();
  return 0;
}
