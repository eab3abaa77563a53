// A whole `load_image`, orientation and resizing included. The first byte chooses the steps; the rest is the
// file.
#include <cstddef>
#include <cstdint>
#include <span>

#include "onda/error.h"
#include "onda/preprocess.h"

namespace {

onda::Preprocess chosen_steps(std::uint8_t choice) {
  onda::Preprocess steps = (choice & 1U) != 0 ? onda::Preprocess::imagenet() : onda::Preprocess::raw();
  // Small, so that time goes into the parsers and not into pixels.
  if (steps.resize_shortest != 0) {
    steps.resize_shortest = 20;
    steps.crop = {{16, 24}};
  }
  if ((choice & 2U) != 0) steps.color = onda::ColorOrder::grey;
  if ((choice & 4U) != 0) steps.layout = onda::TensorLayout::nhwc;
  if ((choice & 8U) != 0) steps.dtype = onda::DType::uint8;
  steps.max_pixels = 64 * 1024;
  return steps;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto file = std::as_bytes(std::span(data + 1, size - 1));
  try {
    const onda::Tensor tensor = onda::load_image(file, chosen_steps(data[0]));
    // Reads every element, so that a buffer shorter than its shape is seen.
    volatile std::uint8_t sum = 0;
    for (const std::byte byte : tensor.bytes())
      sum = static_cast<std::uint8_t>(sum + std::to_integer<std::uint8_t>(byte));
  } catch (const onda::Error&) {
    // What most inputs end in.
  }
  return 0;
}
